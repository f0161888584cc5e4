"""Generators of the geo group. No two members are at the same place: Redis leaves open which of those
comes first when a reply is cut off."""
from harness.gen import Unit, command

MEMBERS = [b'm%d' % n for n in range(60)] + [b'17', b'-3', b'', b'Palermo', b'L' * 80]
DISTANCES = b'distances'  # as scores they are all near one place: nothing searches there
UNITS = (b'm', b'km', b'ft', b'mi', b'KM', b'M')


def lonlat(g):
    r = g.r()
    if r < 0.45:  # around one place, so that searches find something
        return [b'%.7f' % (13.4 + g.r() * 3), b'%.7f' % (37.2 + g.r() * 2)]
    if r < 0.9:
        return [b'%.5f' % (g.r() * 360 - 180), b'%.5f' % (g.r() * 170 - 85)]
    if r < 0.97:
        return [b'%.9f' % (g.pick((-1, 1)) * (180 - g.r() / 50)),
                b'%.9f' % (g.pick((-1, 1)) * (85.05 - g.r() / 50))]
    return [g.pick((b'180', b'-180', b'181', b'0', b'x', b'nan', b'inf')),
            g.pick((b'85.05112878', b'-85.05112878', b'86', b'0', b''))]


def unit(g):
    return g.pick(UNITS) if g.chance(0.97) else g.pick((b'mm', b'', b'furlong'))


def length(g):
    r = g.r()
    if r < 0.5:
        return b'%.3f' % (10 ** (g.r() * 4))
    if r < 0.9:
        return b'%d' % (10 ** (g.r() * 7))
    return g.pick((b'0', b'-1', b'1e9', b'x', b'5000', b'20000', b'0.001'))


def member(g):
    return g.pick(MEMBERS)


@command('geoadd', 'geo', weight=14)
def geoadd(g):
    cmd = [b'GEOADD', g.key()]
    for _ in range(g.upto(3) if g.chance(0.3) else 0):
        cmd.append(g.cased(g.pick((b'NX', b'XX', b'CH'))))
    for _ in range(1 + g.upto(g.pick((2, 5, 40)))):
        where = lonlat(g)
        # The corners of the world come often: each is one member's own.
        is_corner = min(len(arg) for arg in where) < 5
        cmd += where + [b'at ' + b' '.join(where) if is_corner else member(g)]
    return cmd


@command('geopos', 'geo', weight=4)
def geopos(g):
    return [b'GEOPOS', g.key()] + [member(g) for _ in range(g.upto(4))]


@command('geohash', 'geo', weight=4)
def geohash(g):
    return [b'GEOHASH', g.key()] + [member(g) for _ in range(g.upto(4))]


@command('geodist', 'geo', weight=5)
def geodist(g):
    cmd = [b'GEODIST', g.key(), member(g), member(g)]
    return cmd + [unit(g)] if g.chance(0.6) else cmd


def order(g):
    cmd = []
    if g.chance(0.5):
        cmd.append(g.cased(g.pick((b'ASC', b'DESC'))))
    if g.chance(0.4):
        cmd += [g.cased(b'COUNT'), b'%d' % (1 + g.upto(20)) if g.chance(0.95) else g.small()]
        if g.chance(0.3):
            cmd.append(g.cased(b'ANY'))
    return cmd


def with_options(g):
    return [g.cased(w) for w in (b'WITHCOORD', b'WITHDIST', b'WITHHASH') if g.chance(0.35)]


def shuffled(g, parts):
    g.rng.shuffle(parts)
    return [arg for part in parts for arg in part]


def around(g):
    where = ([g.cased(b'FROMMEMBER'), member(g)] if g.chance(0.4)
             else [g.cased(b'FROMLONLAT')] + lonlat(g))
    shape = ([g.cased(b'BYRADIUS'), length(g), unit(g)] if g.chance(0.5)
             else [g.cased(b'BYBOX'), length(g), length(g), unit(g)])
    parts = [where, shape]
    if g.chance(0.02):
        parts.pop(g.upto(2))
    return parts


@command('geosearch', 'geo', weight=12)
def geosearch(g):
    return [b'GEOSEARCH', g.key()] + shuffled(g, around(g) + [order(g), with_options(g)])


@command('geosearchstore', 'geo', weight=4)
def geosearchstore(g):
    parts = around(g) + [order(g)]
    target = g.key()
    if g.chance(0.4):
        parts.append([g.cased(b'STOREDIST')])
        target = DISTANCES
    if g.chance(0.03):
        parts.append(with_options(g))
    return [g.cased(b'GEOSEARCHSTORE'), target, g.key()] + shuffled(g, parts)


def stores(g):
    if g.chance(0.1):  # the last one counts
        return [g.cased(b'STORE'), g.key(), g.cased(b'STORE'), g.key()]
    if g.chance(0.5):
        return [g.cased(b'STOREDIST'), DISTANCES]
    return [g.cased(b'STORE'), g.key()]


@command('(geo distances)', 'geo', weight=3, mutate=False, needs=('zrange',))
def geo_distances(g):
    return [b'ZRANGE', DISTANCES, b'0', b'-1', b'WITHSCORES']


@command('georadius', 'geo', weight=6)
def georadius(g):
    parts = [order(g), with_options(g)]
    if g.chance(0.3):
        parts = [order(g), stores(g)]
    return [b'GEORADIUS', g.key()] + lonlat(g) + [length(g), unit(g)] + shuffled(g, parts)


@command('georadius_ro', 'geo', weight=3)
def georadius_ro(g):
    return ([b'GEORADIUS_RO', g.key()] + lonlat(g) + [length(g), unit(g)] +
            shuffled(g, [order(g), with_options(g)]))


@command('georadiusbymember', 'geo', weight=6)
def georadiusbymember(g):
    parts = [order(g), with_options(g)]
    if g.chance(0.3):
        parts = [order(g), stores(g)]
    return [b'GEORADIUSBYMEMBER', g.key(), member(g), length(g), unit(g)] + shuffled(g, parts)


@command('georadiusbymember_ro', 'geo', weight=3)
def georadiusbymember_ro(g):
    return ([b'GEORADIUSBYMEMBER_RO', g.key(), member(g), length(g), unit(g)] +
            shuffled(g, [order(g), with_options(g)]))


@command('(geo scores)', 'geo', weight=1, mutate=False, needs=('zadd',))
def geo_scores(g):
    """Scores that no place has."""
    key, name = g.key(), member(g)
    score = g.pick((b'inf', b'-inf', b'-5', b'1.5', b'1e17', b'1e19', b'1e300', b'4503599627370496',
                    b'0', b'3479099956230698'))
    return Unit([[b'ZADD', key, score, name], [b'GEOPOS', key, name], [b'GEOHASH', key, name],
                 [b'ZREM', key, name]])
