"""Generators of DUMP and RESTORE. What DUMP gives is everybody's own form, so a Transfer restores on each
server what it, or one server for all, gave; RESTORE by itself gets what Redis 7.0 once gave."""
from harness.gen import Transfer, command

PAYLOADS = (
    # a string
    b'\x00\x03abc\n\x00\xd9\xac0=Ar\xa2\xe2',
    # an integer
    b'\x00\xc0\x11\n\x00\xe4\x03)E<\xf4+\x1c',
    # a large integer
    b'\x00\xc2.\xfdi\xb6\n\x00~\xb9\xa0\xbb\xd8\xbc\xb5#',
    # a compressed string
    b'\x00\xc3\x0c@\xa0\x04abcda\xe0\x90\x03\x01cd\n\x00\x85\xcbX'
    b'dY\xdd\xca\x9b',
    # a list
    b'\x12\x01\x02\x11\x11\x00\x00\x00\x04\x00\x81a\x02\x05\x01\x80\x01\x81b\x02\xff\n'
    b'\x00H&\xd1/[-By',
    # a set of integers
    b'\x0b\x14\x04\x00\x00\x00\x03\x00\x00\x00\x01\x00\x00\x00\x03\x00\x00\x00p\x11\x01\x00'
    b'\n\x00I\x93@\xedT\xefJ\xfa',
    # a set
    b'\x02\x02\x02bc\x01a\n\x00?\x8a\xbe\xf5\xef5\xca\xb5',
    # a compact hash
    b'\x10\x11\x11\x00\x00\x00\x04\x00\x81f\x02\x81v\x02\x02\x01\x03\x01\xff\n\x00\x12'
    b'\xa0S\xa9\xfe\x08\x00\t',
    # a hash
    b'\x04\x01\x05field\xc3\t@F\x01qq\xe09\x00\x01qq\n'
    b'\x00\x88]\xdb\x96\xe3\xd7\xe4j',
    # a compact sorted set
    b'\x11\x1c\x1c\x00\x00\x00\x06\x00\x81b\x02\x84-2.5\x05\x81a\x02\x01\x01'
    b"\x07\x01\x83inf\x04\xff\n\x00\x17\xce\x15\x15\x08\xbb'\xe7",
    # a sorted set
    b'\x05\x02\xc0\x07\x00\x00\x00\x00\x00\x00\x00@\xc3\t@F\x01rr\xe09\x00'
    b'\x01rr\x00\x00\x00\x00\x00\x00\xf8?\n\x00\xdf\x93\xfcP\xddm\xfb\xc0',
    # a stream
    b'\x13\x01\x10\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x01\x1d\x1d\x00'
    b'\x00\x00\n\x00\x01\x01\x00\x01\x01\x01\x81f\x02\x00\x01\x02\x01\x00\x01\x00\x01\x81'
    b'v\x02\x04\x01\xff\x01\x05\x01\x05\x01\x00\x00\x01\x01\x01g\x00\x00\x81\xff\xff\xff'
    b'\xff\xff\xff\xff\xff\x00\x00\n\x00\x00\x9bJK;\x16Ml',
)


def ttl(g, is_absolute):
    if g.chance(0.5):
        return b'0'
    return g.ttl(True, is_absolute) if g.chance(0.95) else g.pick((b'-1', b'9223372036854775807'))


def options(g):
    """The time to live, and what comes behind the payload."""
    is_absolute = g.chance(0.3)
    parts = [[g.cased(b'ABSTTL')]] if is_absolute else []
    if g.chance(0.65):
        parts.append([g.cased(b'REPLACE')])
    if g.chance(0.15):
        parts.append([g.cased(b'IDLETIME'), g.pick((b'0', b'1000', b'5', b'-1', b'x'))])
    if g.chance(0.1):
        parts.append([g.cased(b'FREQ'), g.pick((b'0', b'255', b'256', b'-1', b'x'))])
    if g.chance(0.03):
        parts.append([g.pick((b'foo', b'IDLETIME', b'FREQ', b'EX'))])
    g.rng.shuffle(parts)
    return ttl(g, is_absolute), [arg for part in parts for arg in part]


@command('dump', 'dump', weight=1.5)
def dump(g):
    return [b'DUMP', g.key()]


@command('restore', 'dump', weight=4)
def restore(g):
    payload = g.pick(PAYLOADS)
    if g.chance(0.08):
        at = g.upto(len(payload))
        payload = payload[:at] + bytes([payload[at] ^ (1 << g.upto(8))]) + payload[at + 1:]
    elif g.chance(0.05):
        payload = g.pick((payload[:-1], payload[:g.upto(12)], payload + b'\x00', g.val()))
    when, words = options(g)
    return [b'RESTORE', g.key(), when, payload] + words


@command('(dump and restore)', 'dump', weight=0.5, needs=('dump', 'restore'))
def transfer(g):
    when, words = options(g)
    source = g.key()
    target = source if g.chance(0.2) else g.key()
    giver = g.pick((Transfer.OWN, Transfer.JUDGE, Transfer.TARGET))
    return Transfer([b'RESTORE', target, when, b''] + words, source, giver)
