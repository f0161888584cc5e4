"""No command and no option can be forgotten: the server's own list is held against the generators.

  1. Every name in the server's COMMAND LIST has a generator or an exemption (known.py).
  2. Every command of the judge's string, generic and connection groups is there, or in NOT_YET.
  3. Every option token in the judge's COMMAND DOCS was made by the generators in some 400 tries.
"""
import harness.gen as gen
from harness.resp import Conn

import known

GROUPS = ('list', 'stream', 'geo', 'sorted-set', 'hash', 'hyperloglog', 'bitmap', 'set', 'string', 'generic',
          'connection')
SERVER_GROUP = ('time', 'dbsize', 'info', 'command', 'config', 'memory', 'slowlog', 'latency',
                'flushdb', 'flushall', 'swapdb', 'debug', 'monitor', 'shutdown')
TRIES = 400


def to_map(value):
    if isinstance(value, tuple) and value[0] == '%':
        return dict((k.decode(), v) for k, v in value[1])
    return {value[n].decode(): value[n + 1] for n in range(0, len(value), 2)}


def command_names(port):
    with Conn(port) as conn:
        reply = conn.call('COMMAND', 'LIST')
    items = reply[1] if isinstance(reply, tuple) else reply
    return {name.decode().lower() for name in items}


def docs(port):
    """name -> (group, option tokens), sub-commands as client|kill."""
    with Conn(port) as conn:
        top = to_map(conn.call('COMMAND', 'DOCS'))
    out = {}

    def tokens_in(args, found):
        for arg in args or []:
            row = to_map(arg)
            if 'token' in row:
                found.update(row['token'].decode().upper().split())
            tokens_in(row.get('arguments'), found)

    def walk(name, row):
        row = to_map(row)
        found = set()
        tokens_in(row.get('arguments'), found)
        out[name.lower()] = (row['group'].decode(), found)
        for sub, sub_row in to_map(row.get('subcommands', [])).items():
            walk(sub, sub_row)

    for name, row in top.items():
        walk(name, row)
    return out


def in_scope(name, group):
    return group in GROUPS or (group == 'server' and name.split('|')[0] in SERVER_GROUP)


def made_tokens(spec):
    """All arguments that this generator makes, as upper-case words."""
    found = set()
    for seed in range(4):
        dice = gen.Gen(seed, 1700000000)
        for _ in range(TRIES // 4):
            cmd = spec.make(dice)
            for one in cmd if isinstance(cmd, gen.Unit) else [cmd]:
                for arg in one[1:]:
                    if len(arg) < 24:
                        found.add(arg.upper().decode('latin-1'))
    return found


def check(server, judge_docs, strict, say):
    """Returns the list of complaints. `strict`: the server is ours, so all of its names count."""
    names = command_names(server.port)
    server_docs = docs(server.port)
    generated = {name for name, _ in gen.REGISTRY}
    problems = []
    checked = 0
    for name in sorted(names):
        group = server_docs.get(name, judge_docs.get(name, ('?', None)))[0]
        if not strict and not in_scope(name, group):
            continue
        checked += 1
        excused = name in known.EXEMPT or (not strict and name in known.NOT_YET)
        if name not in generated and not excused:
            problems.append('%s (%s) has neither a generator nor an exemption' % (name, group))
    missing = [name for name, (group, _) in judge_docs.items()
               if in_scope(name, group) and name not in names]
    later = sorted(name for name in missing if name in known.NOT_YET)
    if later:
        say('not in %s yet, as known.py says: %s' % (server.name, ', '.join(later)))
    if strict:
        missing += [name for name in known.DEMANDED if name not in names]
        problems += ['%s is not in the server, and not in NOT_YET' % name
                     for name in sorted(missing) if name not in known.NOT_YET]
    tokens = {}
    for (name, _), spec in gen.REGISTRY.items():
        base = name.strip('()').split(' ')[0]
        tokens.setdefault(base, set()).update(made_tokens(spec))
    for name, (group, wanted) in sorted(judge_docs.items()):
        if name not in names or name not in generated or not in_scope(name, group):
            continue
        for token in sorted(wanted - tokens.get(name, set())):
            if (name, token) not in known.EXEMPT_TOKENS:
                problems.append('%s: no generator makes the option %s' % (name, token or "''"))
    say('%d commands checked for generators, %d problems' % (checked, len(problems)))
    return problems
