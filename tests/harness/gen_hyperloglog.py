"""Generators of the hyperloglog group. GET shows the bytes, so they are compared as well."""
from harness.gen import Unit, command


def elements(g, most):
    """Few different ones, so that they come again, or a whole range of new ones."""
    r = g.r()
    if r < 0.5:
        return [b'%d' % g.upto(300) for _ in range(g.upto(most))]
    if r < 0.9:
        first = g.upto(1 << 30)
        return [b'e%d' % (first + n) for n in range(g.upto(most * 3))]
    return [g.val() for _ in range(g.upto(most))]


@command('pfadd', 'hyperloglog', weight=14)
def pfadd(g):
    return [b'PFADD', g.key()] + elements(g, g.pick((2, 8, 60)))


@command('(pfadd many)', 'hyperloglog', weight=1.5, mutate=False, needs=('pfadd',))
def pfadd_many(g):
    """Enough to become dense."""
    key, first = g.key(), g.upto(1 << 30)
    return Unit([[b'PFADD', key] + [b'm%d' % (first + 500 * i + n) for n in range(500)]
                 for i in range(g.pick((1, 2, 5)))] + [[b'STRLEN', key], [b'PFCOUNT', key]])


@command('pfcount', 'hyperloglog', weight=8)
def pfcount(g):
    return [b'PFCOUNT'] + g.keys(1 if g.chance(0.6) else 5)


@command('pfmerge', 'hyperloglog', weight=5)
def pfmerge(g):
    cmd = [b'PFMERGE', g.key()]
    return cmd + g.keys(4) if g.chance(0.9) else cmd


@command('(pf bytes)', 'hyperloglog', weight=8, mutate=False, needs=('get',))
def pf_bytes(g):
    key = g.key()
    return g.pick(([b'GET', key], [b'STRLEN', key], [b'OBJECT', b'ENCODING', key]))


@command('pfdebug', 'hyperloglog', weight=3)
def pfdebug(g):
    word = g.pick((b'DECODE', b'DECODE', b'ENCODING', b'ENCODING', b'TODENSE', b'GETREG', b'nosuch'))
    if word in (b'TODENSE', b'GETREG') and g.chance(0.7):
        word = b'ENCODING'
    return [b'PFDEBUG', g.cased(word), g.key()]


@command('(pf broken)', 'hyperloglog', weight=2, mutate=False, needs=('setrange',))
def pf_broken(g):
    """What is no HyperLogLog any more, or almost."""
    key = g.key()
    how = g.pick((
        [[b'SETRANGE', key, b'0', b'hyll']], [[b'SETRANGE', key, b'4', b'\x02']],
        [[b'APPEND', key, b'\x00']], [[b'APPEND', key, b'\x84']], [[b'SET', key, b'HYLL']],
        [[b'SET', key, b'HYLL\x01' + b'\0' * 11]], [[b'SETRANGE', key, b'15', b'\x80']],
        [[b'SET', key, b'HYLL\x01' + b'\0' * 11 + b'\x7f\xff']],
        [[b'SET', key, b'HYLL\x01' + b'\0' * 10 + b'\x80\x7f\xfd\x84']],
        [[b'SET', key, b'HYLL\x01' + b'\0' * 10 + b'\x80' + b'\x84' * 4096]],
        [[b'SET', key, b'HYLL\x00' + b'\0' * 10 + b'\x80' + g.rng.randbytes(12288)]]))
    return Unit(how + [[b'PFCOUNT', key], [b'PFDEBUG', b'ENCODING', key]])


@command('(pf threshold)', 'hyperloglog', weight=0.4, mutate=False, needs=('config|set',))
def pf_threshold(g):
    return [b'CONFIG', b'SET', b'hll-sparse-max-bytes',
            g.pick((b'3000', b'3000', b'40', b'200', b'0', b'16000'))]
