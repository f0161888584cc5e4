"""Generators of SORT and SORT_RO, of lists and sorted sets that nothing else changes, and of the keys
that their patterns name.

What order equal ones have is open, so compare.py looks at the order of keys of one's own, ORDERED, to
the byte, and at that of others where Redis says what it is."""
from harness.gen import Unit, command

ORDERED = b'(sort) '
OWN_LIST, OWN_ZSET = ORDERED + b'list', ORDERED + b'zset'
WEIGHT, TEXT, HASH = b'(weight)', b'(text)', b'(hash)'
BY = (WEIGHT + b'*', HASH + b'*->w', b'k*', b'nosuch*', b'k*->field', b'*', b'{a}*', WEIGHT + b'*->w')
GETS = (b'#', WEIGHT + b'*', TEXT + b'*', HASH + b'*->w', HASH + b'*->t', b'k*', b'k*->field', b'*',
        HASH + b'*->', HASH + b'*', b'fixed', b'', b'nosuch*->f', b'##', b'*->*', b'k1')
UNSORTED = (b'nosort', b'', b'k1', WEIGHT)
LIMITS = (b'0', b'1', b'3', b'10', b'-1', b'-5', b'1000000', b'9223372036854775807',
          b'-9223372036854775808', b'x', b'')


def limit(g):
    return [g.cased(b'LIMIT'), g.pick(LIMITS) if g.chance(0.3) else b'%d' % g.upto(6),
            g.pick(LIMITS) if g.chance(0.3) else b'%d' % g.upto(12)]


def gets(g):
    return [arg for _ in range(1 + g.upto(3)) for arg in (g.cased(b'GET'), g.pick(GETS))]


def direction(g):
    return [g.cased(g.pick((b'ASC', b'DESC')))]


def options(g, key, may_store):
    """In any order, some twice. `key` says whether ties and the order of sets may matter."""
    own = key.startswith(ORDERED)
    store = may_store and g.chance(0.3)
    is_alpha = g.chance(0.6)
    parts = [direction(g)] if g.chance(0.5) else []
    if g.chance(0.45):
        by = g.pick((WEIGHT + b'*', HASH + b'*->w')) if own else g.pick(BY)
        if g.chance(0.3):
            by = g.pick(UNSORTED)
        parts.append([g.cased(b'BY'), by])
        if store and not own:
            is_alpha = False
            if b'*' not in by:  # a set of which a part is stored is another one everywhere
                parts.pop()
    if is_alpha:
        parts.append([g.cased(b'ALPHA')])
    if g.chance(0.4):
        parts.append(limit(g))
    if g.chance(0.4):
        parts.append(gets(g))
    if store:
        parts.append([g.cased(b'STORE'), g.key()])
    stray = g.pick((b'foo', b'BY', b'LIMIT', b'GET', b'STORE')) if g.chance(0.03) else None
    if stray in (b'foo', b'LIMIT', b'GET'):
        parts.append([stray])
    g.rng.shuffle(parts)
    if stray in (b'BY', b'STORE'):  # before another word it would make a call whose order is open
        parts.append([stray])
    return [arg for part in parts for arg in part]


def source(g):
    r = g.r()
    return OWN_LIST if r < 0.25 else OWN_ZSET if r < 0.45 else g.key()


def fresh(g, cmd):
    """The judge takes an errno for its own that an earlier strtod() of "1e400" left; a cursor resets it."""
    return Unit([[b'HSCAN', b'nosuch', b'0'], g.wrong(cmd) if g.chance(0.04) else cmd])


@command('sort', 'sort', weight=12, mutate=False)
def sort(g):
    key = source(g)
    return fresh(g, [b'SORT', key] + options(g, key, True))


@command('sort_ro', 'sort', weight=6, mutate=False)
def sort_ro(g):
    key = source(g)
    cmd = [g.cased(b'SORT_RO'), key] + options(g, key, False)
    return fresh(g, cmd + [b'STORE', g.key()] if g.chance(0.03) else cmd)


@command('(sort elements)', 'sort', weight=3, mutate=False, needs=('sort', 'rpush', 'sadd', 'zadd'))
def sort_elements(g):
    """Numbers, so that most of the calls have something to sort. Each weight is one element's own."""
    numbers = [b'%d' % n for n in range(14)]
    g.rng.shuffle(numbers)
    some = numbers[:1 + g.upto(14)]
    unit = [[b'DEL', OWN_LIST, OWN_ZSET], [b'RPUSH', OWN_LIST] + some,
            [b'ZADD', OWN_ZSET] + [arg for n in some for arg in (b'%d' % g.upto(5), n)]]
    weights = g.rng.sample(range(-50, 50), 14)
    g.rng.shuffle(numbers)
    for n, weight in zip(numbers, weights):
        text = g.pick((b'%d', b'%d.5', b'%de2')) % weight
        unit.append([b'SET', WEIGHT + n, text])
        unit.append([b'HSET', HASH + n, b'w', text, b't', g.val()])
        unit.append([b'SET', TEXT + n, g.val()])
    key = g.key()
    values = [g.pick(numbers) if g.chance(0.8) else b'%d.%d' % (g.upto(90) - 45, g.upto(100))
              for _ in range(1 + g.upto(20))]
    unit += [[b'DEL', key], g.pick((
        [b'RPUSH', key] + values, [b'SADD', key] + values,
        [b'ZADD', key] + [arg for v in values for arg in (b'%d' % g.upto(9), v)]))]
    return Unit(unit)
