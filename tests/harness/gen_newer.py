"""Generators of what is newer than redis-server 7.0, judged by valkey-server 9.

What CLIENT got in 7.2 stands in gen_connection.py. DELEX, DIGEST and SET IFNE have no judge of
their age at hand: tests/diff/expect.py."""
from harness.gen import command

JUDGE = 'valkey9-server'


@command('(set ifeq)', 'newer', weight=6, judge=JUDGE, needs=('set', 'delifeq'))
def set_ifeq(g):
    cmd = [b'SET', g.key(), g.val()]
    parts = [[g.cased(b'IFEQ'), g.val()]]
    if g.chance(0.3):
        parts.append([b'GET'])
    if g.chance(0.3):
        parts.append(g.ttl_option((b'KEEPTTL',)))
    if g.chance(0.06):
        parts.append([g.pick((b'NX', b'XX', b'IFEQ'))])
    g.rng.shuffle(parts)
    return cmd + [word for part in parts for word in part]


@command('delifeq', 'newer', weight=6, judge=JUDGE)
def delifeq(g):
    return [b'DELIFEQ', g.key(), g.val()]


@command('msetex', 'newer', weight=6, judge=JUDGE)
def msetex(g):
    keys = g.keys(4)
    count = b'%d' % len(keys) if g.chance(0.93) else g.pick((b'0', b'-1', b'3', b'abc',
                                                             b'9223372036854775807'))
    cmd = [b'MSETEX', count]
    for key in keys:
        cmd += [key, g.val()]
    if g.chance(0.4):
        cmd.append(g.cased(g.pick((b'NX', b'XX'))))
    if g.chance(0.5):
        cmd += g.ttl_option((b'KEEPTTL',))
    if g.chance(0.05):
        cmd += g.pick(([b'NX'], [b'XX'], [b'KEEPTTL'], [b'EX', b'1000'], [b'foo'], [b'EX']))
    return cmd


# A value that IFEQ can hit: the keys are few and so are these.
@command('(set few)', 'newer', weight=4, judge=JUDGE, needs=('set', 'delifeq'))
def set_few(g):
    return [b'SET', g.key(), g.vals[g.upto(4)]]


@command('(set ifeq few)', 'newer', weight=6, judge=JUDGE, needs=('set', 'delifeq'))
def set_ifeq_few(g):
    return [b'SET', g.key(), g.vals[g.upto(4)], b'IFEQ',
            g.vals[g.upto(4)]] + ([b'GET'] if g.chance(0.3) else [])


@command('(delifeq few)', 'newer', weight=3, judge=JUDGE, needs=('delifeq',))
def delifeq_few(g):
    return [b'DELIFEQ', g.key(), g.vals[g.upto(4)]]
