"""Generators of the string group."""
from harness.gen import Unit, command


@command('set', 'string', weight=14)
def set_(g):
    cmd = [g.cased(b'SET'), g.key(), g.val()]
    r = g.r()
    if r < 0.5:
        return cmd
    if r < 0.65:
        cmd += g.ttl_option((b'KEEPTTL',), past=False)
    elif r < 0.75:
        cmd.append(g.cased(g.pick((b'NX', b'XX'))))
    elif r < 0.8:
        cmd.append(g.cased(b'GET'))
    elif r < 0.95:
        parts = [g.ttl_option((b'KEEPTTL',), past=False), [g.pick((b'NX', b'XX'))], [b'GET']]
        g.rng.shuffle(parts)
        for part in parts[:2 + g.upto(2)]:
            cmd += part
    else:  # what excludes each other, twice the same, no value
        for _ in range(1 + g.upto(4)):
            cmd += g.pick(([b'NX'], [b'XX'], [b'GET'], [b'KEEPTTL'], [b'EX', g.ttl(False, False)],
                           [b'PX'], [b'PERSIST'], [b'EXAT', g.ttl(False, True, past=False)],
                           [b'bogus']))
    return cmd


@command('(set past)', 'string', weight=0.3, mutate=False, needs=('set',))
def set_past(g):
    key = g.key()
    return Unit([[b'SET', key, g.val()] + g.pick(([b'EXAT', b'1000'], [b'PXAT', b'1000000'],
                                                  [b'PXAT', b'1'])),
                 [b'EXISTS', key]])


@command('get', 'string', weight=14)
def get(g):
    return [g.cased(b'GET'), g.key()]


@command('append', 'string')
def append(g):
    return [b'APPEND', g.key(), g.val()]


@command('incr', 'string')
def incr(g):
    return [b'INCR', g.key()]


@command('decr', 'string')
def decr(g):
    return [b'DECR', g.key()]


@command('incrby', 'string')
def incrby(g):
    return [b'INCRBY', g.key(), g.integer()]


@command('decrby', 'string')
def decrby(g):
    return [b'DECRBY', g.key(), g.integer()]


@command('incrbyfloat', 'string')
def incrbyfloat(g):
    from harness.gen import FLOAT_LIKE, INT_LIKE
    return [b'INCRBYFLOAT', g.key(), g.pick(FLOAT_LIKE if g.chance(0.7) else INT_LIKE)]


@command('getdel', 'string')
def getdel(g):
    return [b'GETDEL', g.key()]


@command('getex', 'string')
def getex(g):
    cmd = [b'GETEX', g.key()]
    if g.chance(0.75):
        cmd += g.ttl_option((b'PERSIST',))
    if g.chance(0.08):
        cmd += g.ttl_option((b'PERSIST', b'KEEPTTL', b'NX'))
    return cmd


@command('getrange', 'string')
def getrange(g):
    return [b'GETRANGE', g.key(), g.small(), g.small()]


@command('substr', 'string', weight=2)
def substr(g):
    return [b'SUBSTR', g.key(), g.small(), g.small()]


@command('getset', 'string')
def getset(g):
    return [b'GETSET', g.key(), g.val()]


@command('lcs', 'string', weight=2)
def lcs(g):
    cmd = [b'LCS', g.key(), g.key()]
    if g.chance(0.4):
        cmd += [b'LEN'] if g.chance(0.4) else [b'IDX']
    if g.chance(0.3):
        cmd += [b'WITHMATCHLEN']
    if g.chance(0.3):
        cmd += [b'MINMATCHLEN', g.small() if g.chance(0.9) else g.weird()]
    if g.chance(0.05):
        cmd += [g.pick((b'LEN', b'IDX', b'MINMATCHLEN', b'foo'))]
    return cmd


@command('mget', 'string', weight=6)
def mget(g):
    return [b'MGET'] + g.keys()


@command('mset', 'string', weight=5)
def mset(g):
    cmd = [b'MSET']
    for key in g.keys():
        cmd += [key, g.val()]
    return cmd


@command('msetnx', 'string')
def msetnx(g):
    cmd = [b'MSETNX']
    for key in g.keys(4):
        cmd += [key, g.val()]
    return cmd


@command('psetex', 'string')
def psetex(g):
    return [b'PSETEX', g.key(), g.ttl(True, False), g.val()]


@command('setex', 'string')
def setex(g):
    return [b'SETEX', g.key(), g.ttl(False, False), g.val()]


@command('setnx', 'string')
def setnx(g):
    return [b'SETNX', g.key(), g.val()]


@command('setrange', 'string')
def setrange(g):
    r = g.r()
    if r < 0.9:
        offset = b'%d' % g.upto(60)
    elif r < 0.97:
        offset = b'%d' % g.upto(2000)
    elif g.huge:
        offset = b'%d' % g.upto(1 << 21)
    else:
        offset = g.pick((b'-1', b'536870912', b'4294967296', b'9223372036854775807'))
    return [b'SETRANGE', g.key(), offset, g.val()]


@command('strlen', 'string')
def strlen(g):
    return [b'STRLEN', g.key()]
