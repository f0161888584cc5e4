"""Generators of the set group. redis-server 7.0 judges the replies; what form a set has (since 7.2
a listpack among them) is judged by valkey-server 9."""
from harness.gen import Unit, command

WORDS = [b'a', b'b', b'c', b'd', b'e', b'foo', b'', b'\x00', b'x' * 63, b'x' * 64, b'x' * 65]
INT_EDGES = [b'-1', b'127', b'4095', b'4096', b'32767', b'32768', b'-32768', b'-32769', b'8388607',
             b'8388608', b'2147483647', b'2147483648', b'-2147483649', b'9223372036854775807',
             b'-9223372036854775808', b'9223372036854775808', b'007', b'-0', b'+1', b' 1', b'1.0']
# Members by the hundred: beyond the thresholds of all compact forms.
MANY = [b'%d' % n for n in range(1000, 1700)]


def member(g):
    r = g.r()
    if r < 0.5:
        return b'%d' % g.upto(20)
    if r < 0.75:
        return g.pick(WORDS)
    return g.pick(INT_EDGES) if r < 0.9 else g.val()


def members(g, most=8):
    kind = g.r()
    if kind < 0.4:  # only integers: an intset stays one
        return [b'%d' % g.upto(20) for _ in range(1 + g.upto(most))]
    if kind < 0.44 and most >= 8:
        start, count = g.upto(100), g.pick((127, 128, 129, 200, 511, 512, 513))
        return MANY[start:start + count] + ([b'text'] if g.chance(0.5) else [])
    return [member(g) for _ in range(1 + g.upto(most))]


def count(g):
    return b'%d' % g.pick((0, 1, 2, 3, 5, 10, 100, 1000))


@command('sadd', 'set', weight=16)
def sadd(g):
    return [g.cased(b'SADD'), g.key()] + members(g)


@command('srem', 'set', weight=8)
def srem(g):
    return [b'SREM', g.key()] + members(g)


@command('smembers', 'set', weight=5)
def smembers(g):
    return [b'SMEMBERS', g.key()]


@command('sismember', 'set', weight=5)
def sismember(g):
    return [b'SISMEMBER', g.key(), member(g)]


@command('smismember', 'set')
def smismember(g):
    return [b'SMISMEMBER', g.key()] + members(g)


@command('scard', 'set')
def scard(g):
    return [b'SCARD', g.key()]


@command('smove', 'set', weight=6)
def smove(g):
    return [b'SMOVE', g.key(), g.key(), member(g)]


# Which members go is a matter of luck, so the key goes with them; how many are left is none.
@command('spop', 'set', weight=5, mutate=False)
def spop(g):
    key = g.key()
    cmd = [b'SPOP', key]
    if g.chance(0.7):
        cmd.append(count(g) if g.chance(0.9) else g.weird())
    if g.chance(0.02):
        cmd.append(b'1')
    return Unit([cmd, [b'SCARD', key], [b'DEL', key]])


@command('(spop all)', 'set', weight=2, mutate=False, needs=('spop',))
def spop_all(g):
    key = g.key()
    return Unit([[b'SPOP', key, b'100000'], [b'EXISTS', key]])


@command('srandmember', 'set', weight=5, mutate=False)
def srandmember(g):
    cmd = [b'SRANDMEMBER', g.key()]
    if g.chance(0.8):
        cmd.append(g.pick((b'', b'-')) + count(g) if g.chance(0.9) else
                   g.pick((b'abc', b'1.5', b'9223372036854775808', b'-9223372036854775808', b'')))
    if g.chance(0.02):
        cmd.append(b'1')
    return cmd


@command('sinter', 'set', weight=5)
def sinter(g):
    return [b'SINTER'] + g.keys(4)


@command('sintercard', 'set', weight=5)
def sintercard(g):
    keys = g.keys(4)
    cmd = [b'SINTERCARD', b'%d' % len(keys)] + keys
    if g.chance(0.5):
        cmd += [g.cased(b'LIMIT'), count(g) if g.chance(0.9) else g.weird()]
    return cmd


@command('sinterstore', 'set', weight=5)
def sinterstore(g):
    return [b'SINTERSTORE', g.key()] + g.keys(4)


@command('sunion', 'set', weight=5)
def sunion(g):
    return [b'SUNION'] + g.keys(4)


@command('sunionstore', 'set', weight=5)
def sunionstore(g):
    return [b'SUNIONSTORE', g.key()] + g.keys(4)


@command('sdiff', 'set', weight=5)
def sdiff(g):
    return [b'SDIFF'] + g.keys(5)


@command('sdiffstore', 'set', weight=5)
def sdiffstore(g):
    return [b'SDIFFSTORE', g.key()] + g.keys(5)


@command('sscan', 'set', weight=5)
def sscan(g):
    cmd = [b'SSCAN', g.key(), b'0']
    if g.chance(0.5):
        cmd += [g.cased(b'MATCH'), g.pick((b'*', b'1*', b'[a-f]*', b'x*', b'?', b'nope'))]
    if g.chance(0.5):
        cmd += [g.cased(b'COUNT'), g.pick((b'1', b'10', b'100000', b'100000'))]
    if g.chance(0.05):
        cmd += g.pick(([b'COUNT', b'0'], [b'TYPE', b'set'], [b'MATCH'], [b'COUNT', b'x']))
    return cmd


# ---- Forms: what OBJECT ENCODING says after each kind of change, with thresholds at which it tips ----

JUDGE = 'valkey9-server'
THRESHOLDS = (b'set-max-intset-entries', b'set-max-listpack-entries', b'set-max-listpack-value')
DEFAULTS = (b'512', b'128', b'64')
SMALL = ((b'0', b'1', b'3', b'5', b'8'), (b'0', b'1', b'3', b'6', b'10'), (b'0', b'1', b'2', b'64'))


def small_member(g):
    if g.chance(0.6):
        return b'%d' % g.upto(12)
    return g.pick((b'a', b'b', b'c', b'd', b'ee', b'fff', b'', b'123456'))


def small_members(g):
    if g.chance(0.5):
        return [b'%d' % g.upto(12) for _ in range(1 + g.upto(5))]
    return [small_member(g) for _ in range(1 + g.upto(5))]


def change(g, keys):
    key = g.pick(keys)
    sources = [g.pick(keys) for _ in range(1 + g.upto(3))]
    return g.pick((
        [b'SADD', key] + small_members(g), [b'SADD', key] + small_members(g),
        [b'SADD', key, small_member(g)], [b'SREM', key] + small_members(g),
        [b'SMOVE', key, g.pick(keys), small_member(g)], [b'DEL', key],
        [b'SINTERSTORE', key] + sources, [b'SUNIONSTORE', key] + sources,
        [b'SDIFFSTORE', key] + sources, [b'COPY', key, g.pick(keys), b'REPLACE'],
        [b'SPOP', key, b'100000']))


@command('(set forms)', 'set-forms', weight=6, mutate=False, judge=JUDGE, needs=('sadd',))
def set_forms(g):
    keys = [b'{f}1', b'{f}2', b'{f}3']
    unit = [[b'DEL'] + keys]
    values = [g.pick(SMALL[0]), g.pick(SMALL[1]), g.pick(SMALL[2])]
    unit += [[b'CONFIG', b'SET', name, value] for name, value in zip(THRESHOLDS, values)]
    for _ in range(4 + g.upto(25)):
        unit.append(change(g, keys))
        unit += [[b'OBJECT', b'ENCODING', key] for key in keys]
    unit += [[b'SMEMBERS', key] for key in keys]
    unit += [[b'CONFIG', b'SET', name, value] for name, value in zip(THRESHOLDS, DEFAULTS)]
    return Unit(unit + [[b'DEL'] + keys])


@command('(set forms by default)', 'set-forms', weight=2, mutate=False, judge=JUDGE, needs=('sadd',))
def set_forms_default(g):
    keys = [b'{f}1', b'{f}2', b'{f}3']
    unit = [[b'DEL'] + keys]
    for _ in range(2 + g.upto(6)):
        key = g.pick(keys)
        unit.append([b'SADD', key] + members(g))
        unit.append(change(g, keys))
        unit += [[b'OBJECT', b'ENCODING', key] for key in keys]
    return Unit(unit + [[b'SMEMBERS', key] for key in keys] + [[b'DEL'] + keys])
