"""Replies that no judge at hand can give: commands of Redis 8.4, after its published documentation.

Each row is a command and its reply in RESP2; rows share one keyspace and run in order. A row whose
command the server does not have (its COMMAND LIST decides) is skipped by name.
"""
from harness.resp import NULL_BULK, show

import coverage

OK = ('+', b'OK')
# XXH3, 64 bits, seed 0, as 16 hexadecimal digits.
DIGESTS = ((b'Hello world', b'b6acb9d84a38ff74'), (b'', b'2d06800538d394c2'))

ROWS = [('digest', ['DIGEST', 'd:none'], NULL_BULK)]
for _text, _digest in DIGESTS:
    ROWS += [('digest', ['SET', 'd:1', _text], OK), ('digest', ['DIGEST', 'd:1'], _digest)]
ROWS += [
    ('delex', ['DELEX', 'd:none'], 0),
    ('delex', ['SET', 'd:1', 'v'], OK),
    ('delex', ['DELEX', 'd:1', 'IFEQ', 'other'], 0),
    ('delex', ['DELEX', 'd:1', 'IFNE', 'v'], 0),
    ('delex', ['GET', 'd:1'], b'v'),
    ('delex', ['DELEX', 'd:1', 'IFEQ', 'v'], 1),
    ('delex', ['EXISTS', 'd:1'], 0),
    ('delex', ['SET', 'd:1', 'v'], OK),
    ('delex', ['DELEX', 'd:1', 'IFNE', 'w'], 1),
    ('delex', ['SET', 'd:1', 'Hello world'], OK),
    ('delex', ['DELEX', 'd:1', 'IFDEQ', '0000000000000000'], 0),
    ('delex', ['DELEX', 'd:1', 'IFDNE', 'b6acb9d84a38ff74'], 0),
    ('delex', ['DELEX', 'd:1', 'IFDEQ', 'b6acb9d84a38ff74'], 1),
    ('delex', ['DELEX', 'd:none', 'IFEQ', 'v'], 0),
    ('delex', ['SET', 'd:2', 'v'], OK),
    ('delex', ['DELEX', 'd:2'], 1),
]

# XDELEX, XACKDEL: -1 there is no such id, 1 deleted, 2 still referenced.
ROWS += [('xdelex', ['XADD', 's:1', '%d-1' % n, 'f', 'v'], b'%d-1' % n) for n in range(1, 7)]
ROWS += [
    ('xdelex', ['XDELEX', 's:none', 'IDS', '2', '1-1', '2-1'], [-1, -1]),
    ('xdelex', ['XGROUP', 'CREATE', 's:1', 'g', '2-1'], OK),
    ('xdelex', ['XGROUP', 'CREATE', 's:1', 'h', '6-1'], OK),
    ('xdelex', ['XCLAIM', 's:1', 'h', 'c', '0', '3-1', '4-1', '5-1', 'FORCE', 'JUSTID'],
     [b'3-1', b'4-1', b'5-1']),
    ('xdelex', ['XDELEX', 's:1', 'ACKED', 'IDS', '4', '1-1', '9-1', '3-1', '6-1'], [1, -1, 2, 2]),
    ('xdelex', ['XDELEX', 's:1', 'IDS', '1', '3-1', 'KEEPREF'], [1]),
    ('xdelex', ['XACK', 's:1', 'h', '3-1'], 1),
    ('xdelex', ['XDELEX', 's:1', 'delref', 'ids', '1', '4-1'], [1]),
    ('xdelex', ['XACK', 's:1', 'h', '4-1'], 0),
    ('xackdel', ['XACKDEL', 's:1', 'h', 'ACKED', 'IDS', '2', '5-1', '6-1'], [2, -1]),
    ('xackdel', ['XCLAIM', 's:1', 'h', 'c', '0', '5-1', 'FORCE', 'JUSTID'], [b'5-1']),
    ('xackdel', ['XACKDEL', 's:1', 'h', 'IDS', '1', '5-1'], [1]),
    ('xackdel', ['XACKDEL', 's:1', 'nope', 'IDS', '1', '5-1'], [-1]),
    ('xackdel', ['XLEN', 's:1'], 2),
]


def check(server, say):
    """True if all rows that apply hold."""
    names = coverage.command_names(server.port)
    absent = sorted({need for need, _, _ in ROWS if need not in names})
    if absent:
        say('skipped on %s, it has no: %s' % (server.name, ', '.join(absent)))
    good = True
    with server.conn() as conn:
        for need, command, wanted in ROWS:
            if need not in names:
                continue
            got = conn.call(*command)
            if got != wanted:
                say('EXPECTED of %s: %s -> %s, but it says %s' % (server.name, command,
                                                                  show(wanted), show(got)))
                good = False
    return good
