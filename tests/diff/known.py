"""Differences that are wanted or cannot be judged, with reasons; commands without a generator.

A difference that is not here fails the run. Whoever adds a line says why the difference may stay.
"""
import re

# (who is under test: slipring, or *8 for redis-server and valkey-server from 8 on; the command as
# a pattern over its first words; both replies as a pattern over 'judge / target'; why).
# Patterns are matched against repr(); None matches everything.
KNOWN = [
    # -- slipring: Redis 7.2 where 7.0 differs
    ('slipring', rb'^OBJECT ENCODING ', rb"b'quicklist' / b'listpack'",
     'since Redis 7.2 a short list is a listpack'),
    # (The comparison at the end of a sequence knows the type; it asks in lower case.)
    ('slipring', rb'^(?!(?-i:object encoding) )OBJECT ENCODING ', rb"b'hashtable' / b'listpack'",
     'since Redis 7.2 a short set of texts is a listpack'),
    ('slipring', rb'^CONFIG SET ', rb'warning"\) / .*warning, nothing"\)',
     "since Redis 7.2 loglevel may be 'nothing'"),
    ('slipring', rb'^Z(REV)?RANK ', rb"wrong number of arguments.* / .*syntax error",
     'since Redis 7.2 ZRANK takes WITHSCORE'),
    ('slipring', rb'^LPOS ', rb' / .*value is out of range, value must between',
     'since Redis 7.2 LPOS refuses the smallest RANK'),
    # -- slipring: where Valkey 9 and Redis 8 differ from 7.2, or from each other
    ('slipring', rb'^(SCAN|[SHZ]SCAN .*) (-\d+)?( |$)', rb"b'ERR invalid cursor'\) / \[",
     'since Redis 7.4 an empty or a negative cursor is none'),
    ('slipring', rb'^(SCAN|[SHZ]SCAN .*) \s+[-+]?\d', rb"^\[.* / .*b'ERR invalid cursor'",
     'since Redis 7.4 a cursor may begin with a space'),
    ('slipring', rb'^XREAD .* \+', rb"^\('(_|\*-1|\$-1)',\) / ",
     'XREAD + of a stream whose last id is deleted: the last entry that is there, as Redis 8'),
    # -- slipring: what comes is read to its end, where Redis sees the end at a zero byte
    ('slipring', rb'^(SCAN|[SHZ]SCAN .*) \x00', rb'invalid cursor', 'a zero byte is no end: this is no cursor'),
    ('slipring', rb'^Z(COUNT|REVRANGE|RANGE(?!STORE)).*\x00', rb'min or max is not a float',
     'a zero byte is no end: this is no number'),
    # -- slipring: not built yet, and said so
    ('slipring', rb'^SORT(_RO)? (?=.*\bBY )(?=.*\bALPHA)', None,
     'Redis leaves the order of elements with equal ALPHA BY texts open'),
    ('slipring', rb'^WAIT 1 1$', rb'^0 / .*waiting for replicas is not built yet',
     'waiting for replicas comes with replication'),
    ('slipring', rb'^ACL LOG', rb"^\[.*b'reason'.* / \[\]$",
     'wrong passwords come into ACL LOG with the users'),
    # -- dialects, met when a newer judge is held against redis-server 7.0
    ('*8', rb'^OBJECT ENCODING ',
     rb"b'(quicklist|intset)' / b'listpack'|b'(raw|embstr)' / b'(raw|embstr)'",
     'newer servers: short lists are listpacks; valkey embeds longer strings'),
    ('*8', rb'^COMMAND GETKEYS', rb'Invalid number of arguments|wrong number of arguments',
     'newer servers judge the number of arguments of the command that is asked about differently'),
    ('*8', rb'^SCAN ', rb'invalid cursor|unknown type name',
     'newer servers are stricter with SCAN'),
    ('*8', rb'^GETEX ', None, 'newer servers judge the options before they look for the key'),
    ('*8', rb'^CLIENT (LIST|KILL|INFO|PAUSE|UNBLOCK|SETNAME|GETNAME)', None,
     'newer servers have more filters and fields, and forgive more'),
    ('*8', rb'^(COMMAND INFO|COMMAND DOCS|CONFIG GET|CONFIG SET|INFO) ', None,
     'newer servers have other flags and directives'),
]

# Newer than the judge of most things, so its COMMAND DOCS do not name them; demanded all the same.
DEMANDED = ('delifeq', 'msetex', 'client|setinfo', 'client|no-touch')

# No generator, and that is right. The reason says where the command is tested instead.
EXEMPT = {
    'pfselftest': "Redis' depends on hll-sparse-max-bytes: tests/unit/core/test_cmd_hyperloglog.c",
    'quit': 'ends the connection: tests/integration/test_connections.py',
    'monitor': 'turns the connection into a stream: tests/integration/test_connections.py',
    'delex': 'Redis 8.4; no judge of that age at hand: tests/diff/expect.py',
    'digest': 'Redis 8.4; no judge of that age at hand: tests/diff/expect.py',
    'xdelex': 'Redis 8.2; no judge of that age at hand: tests/diff/expect.py',
    'xackdel': 'Redis 8.2; no judge of that age at hand: tests/diff/expect.py',
    'increx': 'Redis 8.8; no judge of that age at hand: tests/unit/core/test_cmd_string.c',
}

# Options that COMMAND DOCS of the judge names and that no generator makes, with the reason.
EXEMPT_TOKENS = {
    ('shutdown', 'NOW'): 'ends the server: tests/integration/test_connections.py',
    ('shutdown', 'FORCE'): 'ends the server: tests/integration/test_connections.py',
}

# What the server is meant to have; absent names fail the run unless they are in NOT_YET.
NOT_YET = {
    'migrate': 'comes with the cluster', 'waitaof': 'comes with replication',
    'clusterscan': 'comes with the cluster',
    'client|import-source': 'valkey: comes with slot migration',
}


def explain(server, cmd, judge, target):
    """The reason why this difference is accepted, or None."""
    flavor = server.flavor
    if flavor != 'slipring':
        flavor = '*8' if server.version >= (8, 0, 0) else flavor + '7'
    line = b' '.join(cmd[:16])
    replies = (repr(judge) + ' / ' + repr(target)).encode()
    for who, cmd_pattern, reply_pattern, why in KNOWN:
        if who != flavor or not re.search(cmd_pattern, line, re.I | re.S):
            continue
        if reply_pattern is None or re.search(reply_pattern, replies, re.S):
            return why
    return None
