"""Generators of the list group. redis-server 7.0 judges the replies; what form a list has (since 7.2 a
listpack among them) is judged by valkey-server 9."""
from harness.gen import Unit, command

WORDS = [b'a', b'b', b'c', b'd', b'foo', b'', b'\x00', b'x' * 63, b'x' * 64, b'y' * 300]
BAD_INDEXES = (b'9223372036854775807', b'-9223372036854775808', b'9223372036854775808', b'1.5', b'')
ENDS = (b'LEFT', b'RIGHT')


def element(g):
    r = g.r()
    if r < 0.4:
        return b'%d' % g.upto(8)
    if r < 0.8:
        return g.pick(WORDS)
    if r < 0.83:
        return b'z' * g.pick((4095, 4096, 8180, 8190, 8192, 8193, 9000, 20000))
    return g.val()


def elements(g):
    r = g.r()
    if r < 0.04:  # beyond one node
        return [b'%d' % n for n in range(g.pick((127, 128, 129, 400, 3000)))]
    if r < 0.08:
        return [element(g) * (1 + g.upto(20)) for _ in range(g.upto(60) + 1)]
    return [element(g) for _ in range(1 + g.upto(8))]


def index(g):
    r = g.r()
    if r < 0.6:
        return b'%d' % (g.upto(14) - 7)
    if r < 0.92:
        return b'%d' % (g.upto(900) - 450)
    return g.pick(BAD_INDEXES)


def count(g):
    r = g.r()
    if r < 0.75:
        return b'%d' % g.upto(5)
    return g.pick((b'-1', b'100', b'1000000', b'9223372036854775807', b'x', b''))


def end(g):
    return g.cased(g.pick(ENDS))


@command('lpush', 'list', weight=14)
def lpush(g):
    return [g.cased(b'LPUSH'), g.key()] + elements(g)


@command('rpush', 'list', weight=16)
def rpush(g):
    return [b'RPUSH', g.key()] + elements(g)


@command('lpushx', 'list')
def lpushx(g):
    return [b'LPUSHX', g.key()] + elements(g)


@command('rpushx', 'list')
def rpushx(g):
    return [b'RPUSHX', g.key()] + elements(g)


@command('lpop', 'list', weight=6)
def lpop(g):
    return [b'LPOP', g.key()] + ([count(g)] if g.chance(0.4) else [])


@command('rpop', 'list', weight=6)
def rpop(g):
    return [b'RPOP', g.key()] + ([count(g)] if g.chance(0.4) else [])


@command('llen', 'list')
def llen(g):
    return [b'LLEN', g.key()]


@command('lindex', 'list', weight=7)
def lindex(g):
    return [b'LINDEX', g.key(), index(g)]


@command('lset', 'list', weight=6)
def lset(g):
    return [b'LSET', g.key(), index(g), element(g)]


@command('linsert', 'list', weight=8)
def linsert(g):
    return [b'LINSERT', g.key(), g.cased(g.pick((b'BEFORE', b'AFTER'))), element(g), element(g)]


@command('lrange', 'list', weight=12)
def lrange(g):
    return [b'LRANGE', g.key(), index(g), index(g)]


@command('lrem', 'list', weight=6)
def lrem(g):
    return [b'LREM', g.key(), b'%d' % (g.upto(7) - 3), element(g)]


@command('ltrim', 'list', weight=3)
def ltrim(g):
    if g.chance(0.6):
        return [b'LTRIM', g.key(), b'%d' % g.upto(4), b'%d' % (-1 - g.upto(3))]
    return [b'LTRIM', g.key(), index(g), index(g)]


@command('lpos', 'list', weight=8)
def lpos(g):
    cmd = [b'LPOS', g.key(), element(g)]
    if g.chance(0.5):
        cmd += [g.cased(b'RANK'), b'%d' % (g.upto(8) - 4)]
    if g.chance(0.5):
        cmd += [g.cased(b'COUNT'), count(g)]
    if g.chance(0.4):
        cmd += [g.cased(b'MAXLEN'), count(g)]
    return cmd


@command('lmove', 'list', weight=6)
def lmove(g):
    return [b'LMOVE', g.key(), g.key(), end(g), end(g)]


@command('rpoplpush', 'list')
def rpoplpush(g):
    return [b'RPOPLPUSH', g.key(), g.key()]


def numbered(g):
    keys = g.keys(4)
    n = len(keys) if g.chance(0.94) else g.upto(6)
    return [b'%d' % n] + keys + [end(g)] + ([g.cased(b'COUNT'), count(g)] if g.chance(0.5) else [])


@command('lmpop', 'list', weight=5)
def lmpop(g):
    return [b'LMPOP'] + numbered(g)


# ---- Blocking: what is there already, what is not in time, and timeouts that are none. Never mutated:
# ---- a timeout of 0 waits for ever.

def timeout(g):
    if g.chance(0.85):
        return g.pick((b'0.001', b'0.002', b'0.01'))
    return g.pick((b'-1', b'abc', b'', b'nan', b'-0.1'))


@command('blpop', 'list', weight=2, mutate=False)
def blpop(g):
    return [b'BLPOP'] + g.keys(5) + [timeout(g)]


@command('brpop', 'list', weight=2, mutate=False)
def brpop(g):
    return [b'BRPOP'] + g.keys(5) + [timeout(g)]


@command('blmove', 'list', weight=2, mutate=False)
def blmove(g):
    return [b'BLMOVE', g.key(), g.key(), end(g), end(g), timeout(g)]


@command('brpoplpush', 'list', weight=2, mutate=False)
def brpoplpush(g):
    return [b'BRPOPLPUSH', g.key(), g.key(), timeout(g)]


@command('blmpop', 'list', weight=2, mutate=False)
def blmpop(g):
    return [b'BLMPOP', timeout(g)] + numbered(g)


# ---- Forms: what OBJECT ENCODING says after each kind of change ----

JUDGE = 'valkey9-server'
LIMITS = (b'-1', b'-2', b'-3', b'1', b'2', b'3', b'4', b'8', b'128')


def form_element(g):
    if g.chance(0.7):
        return g.pick((b'a', b'b', b'1', b'22', b'333333', b'abcdefghij'))
    return b'w' * g.pick((100, 500, 1000, 2000, 4000, 4090, 4100, 8100, 8200, 9000))


def change(g, keys):
    key = g.pick(keys)
    some = [form_element(g) for _ in range(1 + g.upto(4))]
    at = b'%d' % (g.upto(12) - 6)
    return g.pick((
        [b'RPUSH', key] + some, [b'LPUSH', key] + some, [b'LPOP', key], [b'RPOP', key],
        [b'LPOP', key, b'%d' % g.upto(6)], [b'LSET', key, at, some[0]],
        [b'LINSERT', key, b'BEFORE', g.pick((b'a', b'b', b'1')), some[0]],
        [b'LINSERT', key, b'AFTER', g.pick((b'a', b'b', b'1')), some[0]],
        [b'LREM', key, b'%d' % (g.upto(5) - 2), some[0]], [b'LTRIM', key, b'%d' % g.upto(3), b'-2'],
        [b'LMOVE', key, g.pick(keys), g.pick(ENDS), g.pick(ENDS)], [b'LINDEX', key, at],
        [b'LMPOP', b'1', key, g.pick(ENDS), b'COUNT', b'3'],
        [b'COPY', key, g.pick(keys), b'REPLACE']))


@command('(list forms)', 'list-forms', weight=6, mutate=False, judge=JUDGE, needs=('rpush',))
def list_forms(g):
    keys = [b'{f}1', b'{f}2', b'{f}3']
    unit = [[b'DEL'] + keys, [b'CONFIG', b'SET', b'list-max-listpack-size', g.pick(LIMITS),
                              b'list-compress-depth', g.pick((b'0', b'0', b'1', b'2'))]]
    for _ in range(10 + g.upto(50)):
        unit.append(change(g, keys))
        unit += [[b'OBJECT', b'ENCODING', key] for key in keys]
    unit += [[b'LRANGE', key, b'0', b'-1'] for key in keys]
    return Unit(unit + [[b'CONFIG', b'SET', b'list-max-listpack-size', b'-2',
                         b'list-compress-depth', b'0'], [b'DEL'] + keys])
