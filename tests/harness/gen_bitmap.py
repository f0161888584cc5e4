"""Generators of the bitmap group."""
from harness.gen import Unit, command

OFFSETS = (b'0', b'1', b'7', b'8', b'9', b'63', b'64', b'65', b'100', b'2047', b'9000')
BAD_OFFSETS = (b'-1', b'4294967296', b'4294967295999', b'9223372036854775807', b'', b'#1', b'1.0')


def offset(g):
    r = g.r()
    if r < 0.6:
        return b'%d' % g.upto(200)
    if r < 0.96:
        return g.pick(OFFSETS)
    if g.huge:
        return b'%d' % g.upto(1 << 24)
    return g.pick(BAD_OFFSETS)


def position(g):
    """An end of a range, for strings of some 50 bytes or 400 bits."""
    r = g.r()
    if r < 0.5:
        return b'%d' % (g.upto(80) - 30)
    if r < 0.9:
        return b'%d' % (g.upto(700) - 300)
    return g.pick((b'0', b'-1', b'7', b'8', b'-8', b'-9', b'9223372036854775807',
                   b'-9223372036854775808', b'1000000'))


def bits_value(g):
    """A string in which bits are scarce, or clear ones are."""
    n = g.pick((0, 1, 2, 7, 8, 9, 31, 32, 33, 70, 300, 1100))
    fill = g.pick((0, 255, 0, 255, 170))
    value = bytearray([fill]) * n
    for _ in range(g.upto(3)):
        if n:
            value[g.upto(n)] = g.upto(256)
    return bytes(value)


@command('(set bits)', 'bitmap', weight=5, mutate=False, needs=('set',))
def set_bits(g):
    return [b'SET', g.key(), bits_value(g)]


@command('setbit', 'bitmap', weight=8)
def setbit(g):
    return [b'SETBIT', g.key(), offset(g), g.pick((b'0', b'1', b'1'))]


@command('getbit', 'bitmap', weight=6)
def getbit(g):
    return [b'GETBIT', g.key(), offset(g)]


def unit(g):
    return g.cased(g.pick((b'BIT', b'BYTE', b'BIT')))


@command('bitcount', 'bitmap', weight=8)
def bitcount(g):
    cmd = [b'BITCOUNT', g.key()]
    if g.chance(0.85):
        cmd += [position(g), position(g)]
        if g.chance(0.6):
            cmd.append(unit(g))
    return cmd


@command('bitpos', 'bitmap', weight=10)
def bitpos(g):
    cmd = [b'BITPOS', g.key(), g.pick((b'0', b'1'))]
    r = g.r()
    if r > 0.2:
        cmd.append(position(g))
    if r > 0.4:
        cmd.append(position(g))
    if r > 0.6:
        cmd.append(unit(g))
    return cmd


@command('bitop', 'bitmap', weight=8)
def bitop(g):
    op = g.cased(g.pick((b'AND', b'OR', b'XOR', b'NOT')))
    n = 1 if op.upper() == b'NOT' and g.chance(0.9) else g.pick((1, 2, 3, 5, 17, 20))
    return [b'BITOP', op, g.key()] + [g.key() for _ in range(n)]


def field_type(g):
    r = g.r()
    if r < 0.6:
        return g.pick((b'u1', b'u2', b'i5', b'u8', b'i8', b'i16', b'u16', b'u32', b'i63', b'i64',
                       b'u63'))
    if r < 0.97:
        return b'%s%d' % (g.pick((b'u', b'i')), 1 + g.upto(63))
    return g.pick((b'u64', b'i65', b'u0', b'i0', b'x8', b'u', b'i', b'U8', b'u-1', b'u08', b''))


def field_offset(g):
    r = g.r()
    if r < 0.5:
        return b'%d' % g.upto(100)
    if r < 0.95:
        return b'#%d' % g.upto(12)
    return g.pick((b'#', b'-1', b'#-1', b'##1', b'9223372036854775807', b'#9223372036854775807',
                   b'4294967296', b'5000'))


def field_value(g):
    r = g.r()
    if r < 0.5:
        return b'%d' % (g.upto(600) - 300)
    if r < 0.95:
        return b'%d' % g.rng.choice((1, -1, 3)) if r < 0.6 else b'%d' % (
            g.pick((1, -1)) * ((1 << g.upto(64)) - 1))
    return g.pick((b'-9223372036854775808', b'9223372036854775807', b'9223372036854775808', b'x'))


def field_get(g):
    return [g.cased(b'GET'), field_type(g), field_offset(g)]


@command('bitfield', 'bitmap', weight=12)
def bitfield(g):
    cmd = [b'BITFIELD', g.key()]
    for _ in range(g.upto(5)):
        r = g.r()
        if r < 0.25:
            cmd += field_get(g)
        elif r < 0.45:
            cmd += [g.cased(b'OVERFLOW'), g.cased(g.pick((b'WRAP', b'SAT', b'FAIL')))]
        else:
            cmd += [g.cased(g.pick((b'SET', b'INCRBY'))), field_type(g), field_offset(g),
                    field_value(g)]
    return cmd


@command('bitfield_ro', 'bitmap', weight=4)
def bitfield_ro(g):
    cmd = [b'BITFIELD_RO', g.key()]
    for _ in range(g.upto(4)):
        cmd += field_get(g)
    if g.chance(0.05):
        cmd += [b'SET', b'u8', b'0', b'1']
    return cmd


@command('(bit overflow)', 'bitmap', weight=3, mutate=False, needs=('bitfield',))
def bit_overflow(g):
    """A field driven over its edge."""
    key, kind, where = g.key(), field_type(g), field_offset(g)
    cmds = [[b'BITFIELD', key, b'SET', kind, where, field_value(g)]]
    for how in (b'WRAP', b'SAT', b'FAIL'):
        cmds.append([b'BITFIELD', key, b'OVERFLOW', how, b'INCRBY', kind, where, field_value(g),
                     b'GET', kind, where])
    return Unit(cmds)
