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
