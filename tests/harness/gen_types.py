"""Keys of every type under the same few names: what generic commands and those of other types meet."""
from harness.gen import Unit, command

ALL = ('rpush', 'sadd', 'hset', 'zadd', 'xadd', 'setbit', 'pfadd')


def numbers(g, n):
    return [b'%d' % g.upto(200) for _ in range(n)]


def texts(g, n):
    return [b'm%d' % g.upto(200) for _ in range(n)]


def filling(g, key):
    """A command that makes the key, compact or large."""
    n = 1 + g.upto(g.pick((3, 12, 60)))
    some = numbers(g, n) if g.chance(0.4) else texts(g, n)
    if g.chance(0.1):
        some.append(b'v' * g.pick((63, 64, 65, 300)))
    # HSET's fields each once: newer servers choose the form by how many it is given, 7.0 by how many there are.
    return g.pick((
        [b'SET', key, g.val()], [b'RPUSH', key] + some, [b'SADD', key] + some,
        [b'HSET', key] + [arg for pair in {v: g.pick(some) for v in some}.items() for arg in pair],
        [b'ZADD', key] + [arg for v in some for arg in (b'%d' % g.upto(30), v)],
        [b'XADD', key, b'%d-1' % (1 + g.upto(1000)), b'f', g.pick(some)],
        [b'SETBIT', key, b'%d' % g.upto(3000), b'1'], [b'PFADD', key] + some))


@command('(any type)', 'types', weight=10, mutate=False, needs=ALL)
def any_type(g):
    key = g.key()
    unit = [[b'DEL', key], filling(g, key)]
    if g.chance(0.3):
        unit.append([b'EXPIRE', key, b'%d' % g.ttl_s()])
    return Unit(unit)


@command('(another type)', 'types', weight=5, mutate=False, needs=ALL)  # XADD might get the id *
def another_type(g):
    """Onto whatever is there: mostly the wrong type."""
    return filling(g, g.key())


@command('(about a key)', 'types', weight=6, mutate=False, needs=ALL)
def about(g):
    key, other = g.key(), g.key()
    ask = [[b'TYPE', key], [b'OBJECT', b'ENCODING', key], [b'TTL', key], [b'EXISTS', key, other]]
    return Unit([g.pick(([b'RENAME', other, key], [b'COPY', other, key, b'REPLACE'],
                         [b'COPY', other, key], [b'RENAMENX', other, key], [b'PERSIST', key],
                         [b'MOVE', key, g.db()], [b'GETDEL', key], [b'SET', key, b'v', b'GET'],
                         [b'SET', key, b'v', b'KEEPTTL'], [b'UNLINK', key, other]))] + ask)


@command('(limits)', 'types', weight=0.4, mutate=False, needs=('config|set',))
def limits(g):
    """When a hash's compact form ends. Of how long its values may be RESTORE has another opinion
    (docs/compatibility.md), and sorted sets are all large where SORT is: the judge makes them so."""
    return [b'CONFIG', b'SET', b'hash-max-listpack-entries', b'4' if g.chance(0.7) else b'128']


TIMEOUTS = (b'0.01', b'0.01', b'0.001', b'.01', b'1e-2', b'-1', b'x', b'nan')


@command('(blocking)', 'types', weight=0.5, mutate=False, needs=ALL + ('blpop', 'bzmpop', 'xread'))
def blocking(g):
    """Something is there, or nothing, or the wrong type."""
    keys, timeout = g.keys(3), g.pick(TIMEOUTS)
    n = b'%d' % len(keys)
    return g.pick((
        [b'BLPOP'] + keys + [timeout], [b'BRPOP'] + keys + [timeout],
        [b'BZPOPMIN'] + keys + [timeout], [b'BZPOPMAX'] + keys + [timeout],
        [b'BLMOVE', keys[0], g.key(), b'LEFT', b'RIGHT', timeout],
        [b'BRPOPLPUSH', keys[0], g.key(), timeout],
        [b'BLMPOP', timeout, n] + keys + [b'LEFT'], [b'BZMPOP', timeout, n] + keys + [b'MIN'],
        [b'XREAD', b'BLOCK', b'10', b'STREAMS'] + keys + [b'0'] * len(keys)))
