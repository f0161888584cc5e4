"""Generators of the sorted-set group."""
from harness.gen import FLOAT_LIKE, Unit, command

MEMBERS = [b'a', b'b', b'c', b'aa', b'ab', b'', b'1', b'2', b'10', b'-5', b'007', b'm' * 64,
           b'n' * 65, b'\x00', b'\xff', b'h\xc3\xa9', b'9223372036854775807'] + [
               b'm%d' % n for n in range(30)]
SCORES = [b'0', b'1', b'2', b'3', b'-1', b'1.5', b'-0.25', b'10', b'100', b'3.1', b'inf', b'-inf',
          b'+inf', b'1e3', b'1e20', b'0.1', b'2.2250738585072014e-308', b'123456789012', b'0x10']
BOUNDS = SCORES + [b'(1', b'(2', b'(0', b'(3.1', b'(inf', b'(-inf', b'-inf', b'+inf', b'nan', b'(',
                   b'', b' 1', b'1 ', b'((1', b'1e400', b'abc', b'-', b'+', b'[1']
NAME_BOUNDS = [b'-', b'+', b'[a', b'(a', b'[b', b'(c', b'[m1', b'(m2', b'[', b'(', b'[aa', b'(ab',
               b'[m9', b'[\xff']
ENCODING_LIMITS = (b'0', b'2', b'5', b'128')


def member(g):
    if g.chance(0.03):
        return g.val()
    return g.pick(MEMBERS)


def score(g):
    if g.chance(0.02):
        return g.pick(FLOAT_LIKE)
    if g.chance(0.3):
        return b'%d' % g.upto(8)
    return g.pick(SCORES)


def zkey(g):
    """Mostly one of few, so that sets grow."""
    return g.keys_pool[g.upto(min(4, g.keys_n))] if g.chance(0.7) else g.key()


def bound(g):
    return g.pick(BOUNDS) if g.chance(0.5) else g.pick((b'', b'(')) + b'%d' % (g.upto(10) - 1)


def name_bound(g):
    return g.pick(NAME_BOUNDS) if g.chance(0.95) else g.pick(BOUNDS)


def limit(g):
    return [g.cased(b'LIMIT'), b'%d' % (g.upto(8) - 1), b'%d' % (g.upto(8) - 2)]


@command('zadd', 'zset', weight=24)
def zadd(g):
    cmd = [g.cased(b'ZADD'), zkey(g)]
    pairs = 1 + g.upto(4)
    if g.chance(0.35):
        options = g.rng.sample((b'NX', b'XX', b'GT', b'LT', b'CH', b'INCR'), 1 + g.upto(2))
        if b'INCR' in options and g.chance(0.9):
            pairs = 1
        cmd += [g.cased(option) for option in options]
    for _ in range(pairs):
        cmd += [score(g), member(g)]
    return cmd


@command('(zadd many)', 'zset', weight=3, mutate=False, needs=('zadd',))
def zadd_many(g):
    key = zkey(g)
    cmd = [b'ZADD', key]
    first = g.upto(300)
    for n in range(20 + g.upto(150)):
        cmd += [b'%d' % g.upto(30), b'n%d' % (first + n)]
    return Unit([cmd, [b'ZCARD', key], [b'OBJECT', b'ENCODING', key]])


@command('(zadd names)', 'zset', weight=3, mutate=False, needs=('zadd', 'zrange', 'zlexcount'))
def zadd_names(g):
    """Equal scores, without which ranges of names mean nothing."""
    key = zkey(g)
    cmd = [b'ZADD', key]
    for _ in range(1 + g.upto(30)):
        cmd += [b'0', g.pick(MEMBERS)]
    cmds = [[b'DEL', key], cmd]
    for _ in range(1 + g.upto(4)):
        low, high = name_bound(g), name_bound(g)
        cmds.append(g.pick((
            [b'ZRANGEBYLEX', key, low, high], [b'ZREVRANGEBYLEX', key, high, low],
            [b'ZRANGEBYLEX', key, low, high] + limit(g), [b'ZLEXCOUNT', key, low, high],
            [b'ZREVRANGEBYLEX', key, high, low] + limit(g),
            [b'ZRANGE', key, low, high, b'BYLEX'], [b'ZRANGE', key, high, low, b'BYLEX', b'REV'],
            [b'ZRANGE', key, high, low, b'REV', b'BYLEX'] + limit(g),
            [b'ZRANGESTORE', g.key(), key, low, high, b'BYLEX'],
            [b'ZREMRANGEBYLEX', key, low, high])))
    return Unit(cmds)


@command('(zset limits)', 'zset-limits', weight=1, mutate=False, needs=('zadd', 'config|set'))
def zset_limits(g):
    return Unit([[b'CONFIG', b'SET', b'zset-max-listpack-entries', g.pick(ENCODING_LIMITS),
                  b'zset-max-listpack-value', g.pick((b'0', b'3', b'64'))]])


@command('(zset encoding)', 'zset', weight=3, mutate=False, needs=('zadd', 'object|encoding'))
def zset_encoding(g):
    return Unit([[b'OBJECT', b'ENCODING', zkey(g)]])


@command('zincrby', 'zset', weight=6)
def zincrby(g):
    return [b'ZINCRBY', zkey(g), score(g), member(g)]


@command('zrem', 'zset', weight=6)
def zrem(g):
    return [b'ZREM', zkey(g)] + [member(g) for _ in range(1 + g.upto(4))]


@command('zcard', 'zset')
def zcard(g):
    return [b'ZCARD', zkey(g)]


@command('zscore', 'zset')
def zscore(g):
    return [b'ZSCORE', zkey(g), member(g)]


@command('zmscore', 'zset')
def zmscore(g):
    return [b'ZMSCORE', zkey(g)] + [member(g) for _ in range(1 + g.upto(4))]


@command('zrank', 'zset')
def zrank(g):
    return [b'ZRANK', zkey(g), member(g)]


@command('zrevrank', 'zset')
def zrevrank(g):
    return [b'ZREVRANK', zkey(g), member(g)]


@command('zcount', 'zset')
def zcount(g):
    return [b'ZCOUNT', zkey(g), bound(g), bound(g)]


@command('zlexcount', 'zset', weight=1)
def zlexcount(g):
    return [b'ZLEXCOUNT', zkey(g), b'-', g.pick((b'+', b'-', b'a', b'+1'))]


def scores_maybe(g):
    return [g.cased(b'WITHSCORES')] if g.chance(0.6) else []


@command('zrange', 'zset', weight=8)
def zrange(g):
    cmd = [g.cased(b'ZRANGE'), zkey(g)]
    if g.chance(0.5):
        cmd += [g.small(), g.small()]
        options = [scores_maybe(g), [b'REV'] if g.chance(0.3) else []]
        if g.chance(0.05):
            options.append(limit(g))
    else:
        cmd += [bound(g), bound(g)]
        options = [scores_maybe(g), [b'REV'] if g.chance(0.4) else [], [g.cased(b'BYSCORE')],
                   limit(g) if g.chance(0.4) else []]
        if g.chance(0.03):
            options.append([b'BYLEX'])
    g.rng.shuffle(options)
    return cmd + [word for option in options for word in option]


@command('zrangestore', 'zset')
def zrangestore(g):
    cmd = [b'ZRANGESTORE', g.key(), zkey(g)]
    if g.chance(0.5):
        return cmd + [g.small(), g.small()] + ([b'REV'] if g.chance(0.3) else [])
    if g.chance(0.1):  # an empty range: the scores differ
        return cmd + [b'+', b'-', g.cased(b'BYLEX')]
    cmd += [bound(g), bound(g), b'BYSCORE']
    if g.chance(0.3):
        cmd.append(b'REV')
    if g.chance(0.1):
        cmd.append(b'WITHSCORES')
    return cmd + (limit(g) if g.chance(0.4) else [])


@command('zrevrange', 'zset')
def zrevrange(g):
    return [b'ZREVRANGE', zkey(g), g.small(), g.small()] + scores_maybe(g)


@command('zrangebyscore', 'zset')
def zrangebyscore(g):
    return [b'ZRANGEBYSCORE', zkey(g), bound(g), bound(g)] + scores_maybe(g) + (
        limit(g) if g.chance(0.4) else [])


@command('zrevrangebyscore', 'zset')
def zrevrangebyscore(g):
    return [b'ZREVRANGEBYSCORE', zkey(g), bound(g), bound(g)] + scores_maybe(g) + (
        limit(g) if g.chance(0.4) else [])


@command('zrangebylex', 'zset', weight=1)
def zrangebylex(g):
    return [b'ZRANGEBYLEX', g.key(), b'+', b'-'] + (limit(g) if g.chance(0.5) else [])


@command('zrevrangebylex', 'zset', weight=1)
def zrevrangebylex(g):
    return [b'ZREVRANGEBYLEX', g.key(), b'-', b'+'] + (limit(g) if g.chance(0.5) else [])


@command('zremrangebyrank', 'zset', weight=2)
def zremrangebyrank(g):
    return [b'ZREMRANGEBYRANK', zkey(g), g.small(), g.small()]


@command('zremrangebyscore', 'zset', weight=2)
def zremrangebyscore(g):
    return [b'ZREMRANGEBYSCORE', zkey(g), bound(g), bound(g)]


@command('zremrangebylex', 'zset', weight=1)
def zremrangebylex(g):
    return [b'ZREMRANGEBYLEX', zkey(g), g.pick((b'+', b'x')), b'-']


@command('zpopmin', 'zset', weight=3)
def zpopmin(g):
    return [b'ZPOPMIN', zkey(g)] + ([g.small()] if g.chance(0.5) else [])


@command('zpopmax', 'zset', weight=3)
def zpopmax(g):
    return [b'ZPOPMAX', zkey(g)] + ([g.small()] if g.chance(0.5) else [])


def numbered(g, most=4):
    keys = [zkey(g) for _ in range(1 + g.upto(most))]
    count = len(keys) if g.chance(0.95) else g.upto(6)
    return [b'%d' % count] + keys, len(keys)


def mpop(g):
    keys, _ = numbered(g)
    cmd = keys + [g.cased(g.pick((b'MIN', b'MAX')))]
    if g.chance(0.6):
        cmd += [g.cased(b'COUNT'), g.small()]
    return cmd


@command('zmpop', 'zset', weight=3)
def zmpop(g):
    return [b'ZMPOP'] + mpop(g)


def served(g, make):
    """What waits is only sent when it finds something, or is wrong, so that it never waits."""
    key = g.key()
    return Unit([[b'DEL', key], [b'ZADD', key, score_plain(g), b'x', score_plain(g), b'y'],
                 make(key), [b'EXISTS', key]])


def score_plain(g):
    return b'%d' % g.upto(10)


@command('bzpopmin', 'zset', weight=1, mutate=False)
def bzpopmin(g):
    timeout = g.pick((b'0', b'1', b'0.5', b'-1', b'abc'))
    return served(g, lambda key: [b'BZPOPMIN', key, timeout])


@command('bzpopmax', 'zset', weight=1, mutate=False)
def bzpopmax(g):
    return served(g, lambda key: [b'BZPOPMAX'] + [key] * (1 + g.upto(3)) + [b'0'])


@command('bzmpop', 'zset', weight=1, mutate=False)
def bzmpop(g):
    count = g.pick(([], [b'COUNT', b'1'], [b'COUNT', b'5'], [b'COUNT', b'0'], [b'COUNT'],
                    [b'COUNT', b'1', b'COUNT', b'2']))
    numkeys = g.pick((b'1', b'1', b'1', b'0', b'2', b'-1', b'x'))
    where = g.pick((b'MIN', b'MAX', b'min', b'middle'))
    return served(g, lambda key: [b'BZMPOP', b'1', numkeys, key, where] + count)


@command('zrandmember', 'zset', weight=3)
def zrandmember(g):
    cmd = [b'ZRANDMEMBER', zkey(g)]
    if g.chance(0.7):
        cmd.append(g.pick((b'0', b'1', b'-1', b'3', b'-3', b'100', b'-9223372036854775808', b'x')))
        if g.chance(0.5):
            cmd.append(g.cased(g.pick((b'WITHSCORES', b'WITHSCORES', b'WITHSCORE'))))
    return cmd


def weights(g, keys_n):
    cmd = []
    if g.chance(0.4):
        count = keys_n if g.chance(0.95) else keys_n + 1
        cmd += [g.cased(b'WEIGHTS')] + [g.pick((b'1', b'2', b'-1', b'0', b'0.5', b'inf', b'-inf',
                                                b'1e10', b'3')) for _ in range(count)]
    if g.chance(0.4):
        cmd += [g.cased(b'AGGREGATE'), g.cased(g.pick((b'SUM', b'MIN', b'MAX')))]
    return cmd


def with_sets(g, cmd):
    """Sometimes one of the inputs is a plain set."""
    if not g.chance(0.25):
        return cmd
    key = zkey(g)
    return Unit([[b'DEL', key], [b'SADD', key] + [member(g) for _ in range(1 + g.upto(8))], cmd])


def combine(g, name, weighed, scored, stored):
    keys, keys_n = numbered(g)
    cmd = [name] + ([g.key()] if stored else []) + keys
    if weighed:
        cmd += weights(g, keys_n)
    if scored:
        cmd += scores_maybe(g)
    if g.chance(0.03):
        cmd.append(g.pick((b'WITHSCORES', b'AGGREGATE', b'WEIGHTS', b'foo')))
    return with_sets(g, cmd)


@command('zunion', 'zset', weight=3, needs=('zunion', 'sadd'))
def zunion(g):
    return combine(g, b'ZUNION', True, True, False)


@command('zinter', 'zset', weight=3, needs=('zinter', 'sadd'))
def zinter(g):
    return combine(g, b'ZINTER', True, True, False)


@command('zdiff', 'zset', weight=3, needs=('zdiff', 'sadd'))
def zdiff(g):
    return combine(g, b'ZDIFF', False, True, False)


@command('zunionstore', 'zset', weight=3, needs=('zunionstore', 'sadd'))
def zunionstore(g):
    return combine(g, b'ZUNIONSTORE', True, False, True)


@command('zinterstore', 'zset', weight=3, needs=('zinterstore', 'sadd'))
def zinterstore(g):
    return combine(g, b'ZINTERSTORE', True, False, True)


@command('zdiffstore', 'zset', weight=3, needs=('zdiffstore', 'sadd'))
def zdiffstore(g):
    return combine(g, b'ZDIFFSTORE', False, False, True)


@command('zintercard', 'zset', weight=2)
def zintercard(g):
    keys, _ = numbered(g)
    cmd = [b'ZINTERCARD'] + keys
    if g.chance(0.5):
        cmd += [g.cased(b'LIMIT'), g.small()]
    return cmd


@command('zscan', 'zset', weight=2)
def zscan(g):
    cmd = [b'ZSCAN', zkey(g), b'0' if g.chance(0.9) else g.weird()]
    if g.chance(0.6):
        cmd += [g.cased(b'COUNT'), g.pick((b'1', b'1000', b'1000', b'1000', b'0'))]
    if g.chance(0.4):
        cmd += [g.cased(b'MATCH'), g.pick((b'*', b'm*', b'[ab]*', b'n1?'))]
    return cmd
