"""Generators of the generic group, and of the keys of other types that it meets."""
from harness.gen import Unit, command

GLOBS = (b'*', b'k*', b'k?', b'k[0-5]', b'k[^1]', b'[a-', b'', b'key:*', b'{a}*', b'\\', b'*\\**',
         b'?', b'??', b'k1', b'[', b'[]', b'[^]', b'k[5-0]', b'*k*e*y*', b'h\xc3\xa9', b'\\k1',
         b'k\\1', b'[\\k]1', b'L*L')


def many(name):
    def make(g):
        return [name] + g.keys()
    return make


def one(name):
    def make(g):
        return [name, g.key()]
    return make


for _name in ('del', 'unlink', 'exists', 'touch'):
    command(_name, 'generic', weight=4)(many(_name.upper().encode()))
for _name in ('ttl', 'expiretime', 'persist', 'type'):
    command(_name, 'generic', weight=3)(one(_name.upper().encode()))
for _name in ('pttl', 'pexpiretime'):
    command(_name, 'generic', weight=3, timing=True)(one(_name.upper().encode()))


def expire(name, unit_ms, absolute):
    def make(g):
        cmd = [name, g.key(), g.ttl(unit_ms, absolute)]
        if g.chance(0.04):
            cmd[2] = g.pick((b'-1', b'0', b'-9999999999999', b'9223372036854775807',
                             b'9223372036854775'))
        if g.chance(0.5):
            cmd.append(g.cased(g.pick((b'NX', b'XX', b'GT', b'LT'))))
            if g.chance(0.15):
                cmd.append(g.pick((b'NX', b'XX', b'GT', b'LT', b'foo')))
        return cmd
    return make


for _name in ('expire', 'pexpire', 'expireat', 'pexpireat'):
    command(_name, 'generic', weight=4)(
        expire(_name.upper().encode(), _name[0] == 'p', _name.endswith('at')))


@command('copy', 'generic', weight=5)
def copy(g):
    cmd = [b'COPY', g.key(), g.key()]
    if g.chance(0.4):
        cmd += [b'DB', g.db() if g.chance(0.9) else g.pick((b'-1', b'16', b'999999', b'a'))]
    if g.chance(0.5):
        cmd.append(g.cased(b'REPLACE'))
    if g.chance(0.04):
        cmd += g.pick(([b'REPLACE'], [b'DB', b'1'], [b'DB'], [b'foo']))
    return cmd


@command('move', 'generic')
def move(g):
    return [b'MOVE', g.key(), g.db() if g.chance(0.93) else g.pick((b'16', b'-1', b'a',
                                                                    b'9999999999999'))]


@command('rename', 'generic', weight=5)
def rename(g):
    return [b'RENAME', g.key(), g.key()]


@command('renamenx', 'generic', weight=4)
def renamenx(g):
    return [b'RENAMENX', g.key(), g.key()]


@command('keys', 'generic', weight=0.6, timing=True)
def keys(g):
    return [b'KEYS', g.pick(GLOBS)]


@command('scan', 'generic', weight=0.6, timing=True)
def scan(g):
    cursor = b'0' if g.chance(0.85) else g.pick((b'abc', b'-1', b' 0', b'',
                                                 b'99999999999999999999999', b'0x0'))
    cmd = [b'SCAN', cursor]
    for _ in range(g.upto(3)):
        cmd += g.pick(([b'COUNT', b'100000'], [b'MATCH', g.pick(GLOBS)], [b'TYPE', b'string'],
                       [b'TYPE', b'hash'], [b'COUNT', b'0'], [b'COUNT', b'-1'], [b'COUNT', b'a'],
                       [b'COUNT'], [b'MATCH'], [b'foo'], [b'TYPE']))
    return cmd


@command('randomkey', 'generic', weight=0.6, timing=True)
def randomkey(_):
    return [b'RANDOMKEY']


@command('object|encoding', 'generic', weight=4)
def object_encoding(g):
    return [b'OBJECT', g.cased(b'ENCODING'), g.key()]


@command('object|refcount', 'generic', weight=0.5, timing=True)
def object_refcount(g):
    return [b'OBJECT', b'REFCOUNT', g.key()]


@command('object|idletime', 'generic', weight=0.5)
def object_idletime(g):
    return [b'OBJECT', b'IDLETIME', g.key()]


@command('object|freq', 'generic', weight=0.5)
def object_freq(g):
    return [b'OBJECT', b'FREQ', g.key()]


@command('object|help', 'generic', weight=0.1, timing=True)
def object_help(_):
    return [b'OBJECT', b'HELP']


@command('object', 'generic', weight=0.2)
def object_wrong(g):
    return g.pick(([b'OBJECT'], [b'OBJECT', b'nosuch', g.key()], [b'OBJECT', g.weird()]))


# Not in the generic group of COMMAND DOCS, but of its kind.
@command('select', 'generic', weight=1)
def select(g):
    return [b'SELECT', g.db() if g.chance(0.93) else g.pick((b'16', b'-1', b'a', b'',
                                                             b'99999999999', b'1.0'))]


@command('swapdb', 'generic', weight=0.4)
def swapdb(g):
    return [b'SWAPDB', g.db(), g.db() if g.chance(0.85) else g.pick((b'16', b'-1', b'a'))]


@command('dbsize', 'generic', weight=1)
def dbsize(_):
    return [b'DBSIZE']


def flush(name):
    def make(g):
        cmd = [name]
        if g.chance(0.6):
            cmd.append(g.cased(g.pick((b'ASYNC', b'SYNC'))))
        if g.chance(0.08):
            cmd.append(g.pick((b'ASYNC', b'foo', b'SYNC')))
        return cmd
    return make


command('flushdb', 'generic', weight=0.12)(flush(b'FLUSHDB'))
command('flushall', 'generic', weight=0.05)(flush(b'FLUSHALL'))


# Keys that are no strings, as soon as the server has them: for WRONGTYPE, TYPE, COPY and the like.
# These four do not count as covered by this; coverage.py demands generators of their own.
@command('(list)', 'generic', weight=1, mutate=False, needs=('rpush', 'del'))
def make_list(g):
    key = g.key()
    return Unit([[b'DEL', key], [b'RPUSH', key, g.val()]])


@command('(set)', 'generic', weight=0.5, mutate=False, needs=('sadd', 'del'))
def make_set(g):
    key = g.key()
    return Unit([[b'DEL', key], [b'SADD', key, b'17']])


@command('(hash)', 'generic', weight=0.5, mutate=False, needs=('hset', 'del'))
def make_hash(g):
    key = g.key()
    return Unit([[b'DEL', key], [b'HSET', key, b'field', g.val()]])


@command('(zset)', 'generic', weight=0.5, mutate=False, needs=('zadd', 'del'))
def make_zset(g):
    key = g.key()
    return Unit([[b'DEL', key], [b'ZADD', key, b'1', b'member']])
