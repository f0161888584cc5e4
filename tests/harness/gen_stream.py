"""Generators of the stream group. Ids are explicit, so that no clock has a say: an id made by the server
is only asked for behind one that lies far in the future. Times are none at all or far apart."""
from harness import gen
from harness.gen import Unit

JUDGE = 'valkey9-server'  # consumers are made and seen as since Redis 7.2


def command(name, family, **options):
    return gen.command(name, family, judge=JUDGE, **options)


FAR_MS = 99999999999999
IDLE = (b'0', b'0', b'-1', b'100000000')
EDGES = (b'-', b'+', b'0', b'0-0', b'18446744073709551615', b'18446744073709551615-18446744073709551615',
         b'18446744073709551616', b'$', b'>', b'*', b'1-', b'-1', b'1-1-1', b'a-1', b'01-1', b'+1-1', b'')
GROUPS = (b'g', b'h', b'')
CONSUMERS = (b'alice', b'bob', b'al', b'\x00c')
FIELDS = (b'f', b'g', b'field', b'17')
LIMITS = (b'stream-node-max-entries', b'stream-node-max-bytes')


def id_(g):
    r = g.r()
    if r < 0.04:
        return g.pick(EDGES)
    ms = g.upto(max(4, getattr(g, 'stream_ms', 4) + 2))
    return b'%d' % ms if r < 0.2 else b'%d-%d' % (ms, g.upto(4))


def next_id(g):
    r = g.r()
    if r < 0.1:
        return id_(g).replace(b'*', b'nope')
    g.stream_ms = getattr(g, 'stream_ms', 0) + (r < 0.5)
    if r < 0.3:
        return b'%d-*' % g.stream_ms
    return b'%d-%d' % (g.stream_ms, g.upto(6))


def bound(g):
    r = g.r()
    if r < 0.5:
        return g.pick((b'-', b'+'))
    return b'(' + id_(g) if r < 0.65 else id_(g)


def count(g, p=0.4):
    return [g.cased(b'COUNT'), g.pick((b'1', b'2', b'5', b'100', b'0', b'-1'))] if g.chance(p) else []


def trim(g):
    words = [g.cased(g.pick((b'MAXLEN', b'MINID')))]
    is_rough = g.chance(0.5)
    if is_rough or g.chance(0.4):
        words.append(b'~' if is_rough else b'=')
    words.append(id_(g) if words[0].upper() == b'MINID' else
                 g.pick((b'0', b'1', b'5', b'10', b'30', b'100', b'-1')))
    if g.chance(0.4 if is_rough else 0.03):
        words += [g.cased(b'LIMIT'), g.pick((b'0', b'1', b'10', b'1000', b'-1'))]
    return words


def pairs(g):
    fields = FIELDS[:2] if g.chance(0.7) else [g.pick(FIELDS) for _ in range(1 + g.upto(4))]
    return [word for field in fields for word in (field, g.val())]


@command('xadd', 'stream', weight=30, mutate=False)  # a wrong one might have the id *
def xadd(g):
    cmd = [b'XADD', g.key()]
    if g.chance(0.1):
        cmd += trim(g)
    if g.chance(0.05):
        cmd.append(g.cased(b'NOMKSTREAM'))
    return cmd + [next_id(g)] + pairs(g)


@command('(xadd own id)', 'stream', weight=0.3, mutate=False, needs=('xadd',))
def xadd_own_id(g):
    key = g.key()
    g.stream_ms = getattr(g, 'stream_ms', 0)
    return Unit([[b'DEL', key], [b'XADD', key, b'%d-%d' % (FAR_MS, g.upto(100)), b'f', b'1'],
                 [b'XADD', key, b'*', b'f', b'2'], [b'XADD', key, b'%d-*' % FAR_MS, b'f', b'3'],
                 [b'XADD', key, b'18446744073709551615-18446744073709551615', b'f', b'4'],
                 [b'XADD', key, b'*', b'f', b'5'], [b'XRANGE', key, b'-', b'+'], [b'DEL', key]])


@command('(xadd many)', 'stream', weight=0.6, mutate=False, needs=('xadd',))
def xadd_many(g):
    """Several nodes, so that rough trims find whole ones; some with small nodes."""
    key = b'{stream}many'
    unit = [[b'DEL', key]]
    is_small = g.chance(0.7)
    if is_small:
        unit += [[b'CONFIG', b'SET', LIMITS[0], g.pick((b'1', b'3', b'10', b'0'))],
                 [b'CONFIG', b'SET', LIMITS[1], g.pick((b'60', b'4096', b'0'))]]
    for n in range(1, 30 + g.upto(250)):
        unit.append([b'XADD', key, b'%d-%d' % (n // 3 + 1, n)] + pairs(g))
    for _ in range(2 + g.upto(6)):
        unit.append([b'XDEL', key] + [b'%d-%d' % (n // 3 + 1, n)
                                      for n in g.rng.sample(range(1, 280), 1 + g.upto(60))])
        if g.chance(0.5):
            unit.append([b'XTRIM', key] + trim(g))
        unit.append([b'XRANGE', key, b'(%d' % g.upto(90), b'%d' % g.upto(120)])
        unit.append([b'XREVRANGE', key, b'+', b'-'] + count(g))
        unit.append([b'XINFO', b'STREAM', key])
    if is_small:
        unit += [[b'CONFIG', b'SET', LIMITS[0], b'100'], [b'CONFIG', b'SET', LIMITS[1], b'4096']]
    return Unit(unit)


@command('xlen', 'stream')
def xlen(g):
    return [b'XLEN', g.key()]


@command('xrange', 'stream', weight=6)
def xrange(g):
    return [b'XRANGE', g.key(), bound(g), bound(g)] + count(g)


@command('xrevrange', 'stream', weight=6)
def xrevrange(g):
    return [b'XREVRANGE', g.key(), bound(g), bound(g)] + count(g)


@command('xdel', 'stream', weight=6)
def xdel(g):
    return [b'XDEL', g.key()] + [id_(g) for _ in range(1 + g.upto(10))]


@command('xtrim', 'stream', weight=3)
def xtrim(g):
    return [b'XTRIM', g.key()] + trim(g)


@command('xsetid', 'stream', weight=2)
def xsetid(g):
    cmd = [b'XSETID', g.key(), id_(g)]
    if g.chance(0.4):
        cmd += [g.cased(b'ENTRIESADDED'), g.pick((b'0', b'5', b'1000', b'-1'))]
    if g.chance(0.4):
        cmd += [g.cased(b'MAXDELETEDID'), id_(g)]
    return cmd


def streams(g, most, ids):
    keys = [g.key() for _ in range(1 + g.upto(most))]
    return [g.cased(b'STREAMS')] + keys + [ids() for _ in keys]


@command('xread', 'stream', weight=6)
def xread(g):
    cmd = [b'XREAD'] + count(g)
    if g.chance(0.05):
        cmd += [g.cased(b'BLOCK'), b'1']
    return cmd + streams(g, 3, lambda: b'$' if g.chance(0.1) else id_(g))


@command('xreadgroup', 'stream', weight=16)
def xreadgroup(g):
    cmd = [b'XREADGROUP', g.cased(b'GROUP'), g.pick(GROUPS), g.pick(CONSUMERS)] + count(g, 0.7)
    if g.chance(0.03):
        cmd += [g.cased(b'BLOCK'), b'1']
    if g.chance(0.15):
        cmd.append(g.cased(b'NOACK'))
    return cmd + streams(g, 2, lambda: b'>' if g.chance(0.7) else id_(g))


@command('xack', 'stream', weight=6)
def xack(g):
    return [b'XACK', g.key(), g.pick(GROUPS)] + [id_(g) for _ in range(1 + g.upto(10))]


@command('xpending', 'stream', weight=6)
def xpending(g):
    cmd = [b'XPENDING', g.key(), g.pick(GROUPS)]
    if g.chance(0.6):
        if g.chance(0.3):
            cmd += [g.cased(b'IDLE'), g.pick(IDLE)]
        cmd += [bound(g), bound(g), g.pick((b'1', b'10', b'0', b'-1'))]
        if g.chance(0.4):
            cmd.append(g.pick(CONSUMERS))
    return cmd


@command('xclaim', 'stream', weight=8)
def xclaim(g):
    cmd = [b'XCLAIM', g.key(), g.pick(GROUPS), g.pick(CONSUMERS), g.pick(IDLE)]
    cmd += [id_(g) for _ in range(1 + g.upto(6))]
    for words in ([b'IDLE', g.pick((b'0', b'500000000', b'-1'))], [b'TIME', g.pick((b'1000', b'-1'))],
                  [b'RETRYCOUNT', g.pick((b'0', b'7', b'-1'))], [b'FORCE'], [b'JUSTID'],
                  [b'LASTID', id_(g)]):
        if g.chance(0.25):
            cmd += [g.cased(words[0])] + words[1:]
    return cmd


@command('xautoclaim', 'stream', weight=6)
def xautoclaim(g):
    cmd = [b'XAUTOCLAIM', g.key(), g.pick(GROUPS), g.pick(CONSUMERS), g.pick(IDLE), bound(g)]
    if g.chance(0.5):
        cmd += [g.cased(b'COUNT'), g.pick((b'1', b'3', b'0'))]
    return cmd + ([g.cased(b'JUSTID')] if g.chance(0.3) else [])


@command('xgroup|create', 'stream', weight=8)
def xgroup_create(g):
    cmd = [b'XGROUP', b'CREATE', g.key(), g.pick(GROUPS), g.pick((b'$', b'0', b'0', id_(g)))]
    if g.chance(0.3):
        cmd.append(g.cased(b'MKSTREAM'))
    if g.chance(0.2):
        cmd += [g.cased(b'ENTRIESREAD'), g.pick((b'0', b'3', b'-1', b'-2'))]
    return cmd


@command('xgroup|setid', 'stream', weight=3)
def xgroup_setid(g):
    cmd = [b'XGROUP', b'SETID', g.key(), g.pick(GROUPS), g.pick((b'$', b'0', id_(g)))]
    if g.chance(0.3):
        cmd += [g.cased(b'ENTRIESREAD'), g.pick((b'0', b'3', b'-1', b'-2'))]
    return cmd


@command('xgroup|destroy', 'stream', weight=0.7)
def xgroup_destroy(g):
    return [b'XGROUP', b'DESTROY', g.key(), g.pick(GROUPS)]


@command('xgroup|createconsumer', 'stream', weight=2)
def xgroup_createconsumer(g):
    return [b'XGROUP', b'CREATECONSUMER', g.key(), g.pick(GROUPS), g.pick(CONSUMERS)]


@command('xgroup|delconsumer', 'stream', weight=1)
def xgroup_delconsumer(g):
    return [b'XGROUP', b'DELCONSUMER', g.key(), g.pick(GROUPS), g.pick(CONSUMERS)]


@command('xgroup|help', 'stream', weight=0.1)
def xgroup_help(_):
    return [b'XGROUP', b'HELP']


@command('xinfo|stream', 'stream', weight=5)
def xinfo_stream(g):
    cmd = [b'XINFO', b'STREAM', g.key()]
    if g.chance(0.7):
        cmd.append(g.cased(b'FULL'))
        cmd += count(g)
    return cmd


@command('xinfo|groups', 'stream', weight=4)
def xinfo_groups(g):
    return [b'XINFO', b'GROUPS', g.key()]


@command('xinfo|consumers', 'stream', weight=3)
def xinfo_consumers(g):
    return [b'XINFO', b'CONSUMERS', g.key(), g.pick(GROUPS)]


@command('xinfo|help', 'stream', weight=0.1)
def xinfo_help(_):
    return [b'XINFO', b'HELP']


@command('(stream del)', 'stream', weight=1.5, mutate=False, needs=('xadd',))
def stream_del(g):
    g.stream_ms = 0
    return [b'DEL'] + g.keys(3)


@command('(stream copy)', 'stream', weight=0.5, mutate=False, needs=('xadd', 'copy'))
def stream_copy(g):
    key = g.key()
    return Unit([[b'COPY', g.key(), key, b'REPLACE'], [b'XINFO', b'STREAM', key, b'FULL'],
                 [b'TYPE', key]])


@command('xgroup', 'stream', weight=0.2)
def xgroup(g):
    return [b'XGROUP', g.pick((b'NOPE', b'', b'CREATE', b'SETID')), g.key()]


@command('xinfo', 'stream', weight=0.2)
def xinfo(g):
    return [b'XINFO', g.pick((b'NOPE', b'', b'STREAM', b'CONSUMERS'))]
