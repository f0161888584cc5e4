#!/usr/bin/env python3
"""No client ever sees a half-done command: concurrent writers and readers over keys of many slots.

  tests/integration/test_atomicity.py --server PATH [--io-backend B] [--shards 1,2,4] [--quick]
                                      [--operations N] [--seed S]

Each scenario is a set of processes with pipelined connections of their own. Writers change groups
of keys in one command; readers look at the group in one command and must see it before or after,
never in between. What is looked for:

  tags      MSET of a whole group with one tag          MGET: all equal
  options   MSETEX of a whole group, while keys that    MGET: all equal (ThreadSanitizer sees
            are called as its options come and go       whether it looks at their slots)
  fresh     MSET of a group that has one writer         MGET: all equal, never older than what was
                                                        answered before the MGET was sent
  all-none  MSETNX and DEL/UNLINK of a whole group,     EXISTS: none or all; MGET: none or all equal
            FLUSHDB, SWAPDB
  token     RENAME/RENAMENX passes a token on           EXISTS of all places: exactly 1; MGET too
  copies    COPY of keys that MSET changes together     MGET: every copy is an original of some time
  swaps     SET key, GET keeps tokens in circulation    no token lost, none twice
  counters  INCR by many                                GET never goes back; at least what an INCR
                                                        answered before the GET was sent has said
Multi-key operations are counted over all scenarios and shard counts; 1,000,000 unless --quick.
"""
import argparse
import multiprocessing
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))

from harness.resp import NULLS, encode, is_error  # noqa: E402
from harness.server import Server, ServerFailure  # noqa: E402

OPERATIONS_FULL = 1000000
OPERATIONS_QUICK = 100000
GROUP_KEYS = 6
GROUPS = 4
PIPELINES = (1, 8, 50)
SCENARIO_S_MAX = 240


class Violation(Exception):
    pass


def group_keys(name, group):
    """Keys far apart: no hash tag keeps them on one shard."""
    return [b'%s:%d:%d' % (name, group, n) for n in range(GROUP_KEYS)]


class Worker:
    """One process: a connection, dice, and a budget of multi-key operations."""

    def __init__(self, port, seed, number, operations, shared):
        from harness.resp import Conn
        self.conn = Conn(port, timeout_s=60)
        self.rng = random.Random('%s/%d' % (seed, number))
        self.number = number
        self.left = operations
        self.shared = shared

    def batch(self):
        """How many commands go out together this time."""
        size = min(self.left, self.rng.choice(PIPELINES))
        self.left -= size
        return size

    def run(self, cmds):
        self.conn.exchange_send(b''.join(encode(c) for c in cmds))
        replies = [self.conn.read() for _ in cmds]
        for command, reply in zip(cmds, replies):
            if is_error(reply):
                raise Violation('%r answered %r' % (command[:3], reply))
        return replies


def want(condition, *what):
    if not condition:
        raise Violation(' '.join(repr(w) for w in what))


# -- tags
def write_tags(w, group_of, command_of):
    """A whole group in one command, with a tag that never was before."""
    serial = 0
    while w.left > 0:
        cmds = []
        for _ in range(w.batch()):
            serial += 1
            tag = b'%d-%d' % (w.number, serial)
            keys = group_keys(b'tag', group_of())
            w.rng.shuffle(keys)
            cmds.append(command_of([word for key in keys for word in (key, tag)]))
        w.run(cmds)


def tags_write(w):
    write_tags(w, lambda: w.rng.randrange(GROUPS), lambda pairs: [b'MSET'] + pairs)


def tags_read(w):
    while w.left > 0:
        cmds = [[b'MGET'] + group_keys(b'tag', w.rng.randrange(GROUPS)) for _ in range(w.batch())]
        for command, values in zip(cmds, w.run(cmds)):
            want(len(set(values)) == 1, 'MSET seen half:', command[1], values)


# -- options
OPTION_WORDS = (b'EX', b'1000')


def options_write(w):
    write_tags(w, lambda: 0, lambda pairs: [b'MSETEX', b'%d' % GROUP_KEYS] + pairs + list(OPTION_WORDS))


def options_disturb(w):
    while w.left > 0:
        keys = [b'{%b}%d' % (word, n) for n in range(w.batch()) for word in OPTION_WORDS]
        w.run([[b'SET', key, b'v'] for key in keys])
        w.run([[b'DEL', key] for key in keys])


def options_read(w):
    while w.left > 0:
        for values in w.run([[b'MGET'] + group_keys(b'tag', 0)] * w.batch()):
            want(len(set(values)) == 1, 'MSETEX seen half:', values)


# -- all or none
def allnone_write(w):
    serial = 0
    while w.left > 0:
        cmds = []
        for _ in range(w.batch()):
            serial += 1
            keys = group_keys(b'an', w.rng.randrange(GROUPS))
            w.rng.shuffle(keys)
            luck = w.rng.random()
            if luck < 0.04:  # all shards at once; either database still has whole groups
                cmds.append(w.rng.choice(([b'FLUSHDB'], [b'SWAPDB', b'0', b'1'],
                                          [b'SWAPDB', b'0', b'1'])))
            elif luck < 0.5:
                tag = b'%d-%d' % (w.number, serial)
                cmds.append([b'MSETNX'] + [word for key in keys for word in (key, tag)])
            else:
                cmds.append([w.rng.choice((b'DEL', b'UNLINK'))] + keys)
        for command, reply in zip(cmds, w.run(cmds)):
            if command[0] in (b'DEL', b'UNLINK'):
                want(reply in (0, GROUP_KEYS), command[0], 'deleted a part of a group:', reply)


def allnone_read(w):
    while w.left > 0:
        cmds = [[w.rng.choice((b'EXISTS', b'TOUCH',
                               b'MGET'))] + group_keys(b'an', w.rng.randrange(GROUPS))
                for _ in range(w.batch())]
        for command, reply in zip(cmds, w.run(cmds)):
            if command[0] == b'MGET':
                want(len(set(reply)) == 1, 'MSETNX or DEL seen half:', reply)
            else:
                want(reply in (0, GROUP_KEYS), command[0], 'counts a part of a group:', reply)


# -- a group with one writer: what was answered is seen by all who ask later
def fresh_write(w):
    serial, keys = 0, group_keys(b'fresh', w.number)
    while w.left > 0:
        size = w.batch()
        w.run([[b'MSET'] + [word for key in keys for word in (key, b'%d' % (serial + n + 1))]
               for n in range(size)])
        serial += size
        with w.shared.get_lock():
            w.shared[w.number] = serial


def fresh_read(w):
    last = [0] * GROUPS
    while w.left > 0:
        group = w.rng.randrange(2)
        with w.shared.get_lock():
            floor = w.shared[group]
        for values in w.run([[b'MGET'] + group_keys(b'fresh', group)] * w.batch()):
            want(len(set(values)) == 1, 'MSET seen half:', values)
            last[group] = check_count(group, values[0], last[group], floor)


# -- a token that is renamed from place to place
def token_write(w):
    """RENAME from a place that just became empty says 'no such key': that is no violation."""
    places = group_keys(b'tok', 0)
    while w.left > 0:
        cmds = [[w.rng.choice((b'RENAME', b'RENAMENX'))] + w.rng.sample(places, 2)
                for _ in range(w.batch())]
        w.conn.exchange_send(b''.join(encode(c) for c in cmds))
        for command in cmds:
            reply = w.conn.read()
            if is_error(reply):
                want(reply[1] == b'ERR no such key', command, reply)


def token_read(w):
    places = group_keys(b'tok', 0)
    while w.left > 0:
        cmds = []
        for _ in range(w.batch()):
            w.rng.shuffle(places)
            cmds.append([w.rng.choice((b'EXISTS', b'MGET'))] + places)
        for command, reply in zip(cmds, w.run(cmds)):
            count = reply if command[0] == b'EXISTS' else sum(v == b'the token' for v in reply)
            want(count == 1, command[0], 'sees', count, 'tokens instead of 1:', reply)


# -- copies of what changes together
def copies_write(w):
    serial = 0
    while w.left > 0:
        cmds = []
        for _ in range(w.batch()):
            serial += 1
            source, target = b'cp:source', b'cp:target:%d' % w.number
            if w.rng.random() < 0.5:
                tag = b'%d-%d' % (w.number, serial)
                cmds.append([b'MSET', source, tag, b'cp:witness', tag])
            else:
                cmds.append([b'COPY', source, target, b'REPLACE'])
        w.run(cmds)


def copies_read(w):
    """source and witness are one; a copy is a tag that once was there, or absent."""
    while w.left > 0:
        cmds = [[b'MGET', b'cp:source', b'cp:witness', b'cp:target:0', b'cp:target:1']
                for _ in range(w.batch())]
        for values in w.run(cmds):
            want(values[0] == values[1], 'MSET seen half beside COPY:', values)
            for copy in values[2:]:
                want(copy in NULLS or copy.count(b'-') == 1, 'COPY of nothing that ever was:', copy)


# -- values exchanged with SET ... GET: each is handed out once
def swaps_write(w):
    cell = b'swap:cell'
    serial, put, got = 0, 0, 0
    while w.left > 0:
        cmds = []
        for _ in range(w.batch()):
            serial += 1
            value = serial * 64 + w.number
            put += value
            cmds.append([b'SET', cell, b'%d' % value, b'GET'])
        for reply in w.run(cmds):
            got += 0 if reply in NULLS else int(reply)
    with w.shared.get_lock():
        w.shared[0] += put - got


# -- counters
def counters_write(w):
    """What an INCR says is written down after it was answered: a lower bound from then on."""
    while w.left > 0:
        size = w.batch()
        picks = [w.rng.randrange(GROUPS) for _ in range(size)]
        replies = w.run([[b'INCR', b'count:%d' % n] for n in picks])
        last = {}
        for n, value in zip(picks, replies):
            want(value > last.get(n, 0), 'INCR went back:', last.get(n), value)
            last[n] = value
        with w.shared.get_lock():
            for n, value in last.items():
                w.shared[n] = max(w.shared[n], value)


def counters_read(w):
    last = [0] * GROUPS
    while w.left > 0:
        size = w.batch()
        picks = [w.rng.randrange(GROUPS) for _ in range(size)]
        with w.shared.get_lock():
            floor = list(w.shared)
        if w.rng.random() < 0.5:
            keys = [b'count:%d' % n for n in range(GROUPS)]
            for values in w.run([[b'MGET'] + keys] * size):
                for n, value in enumerate(values):
                    last[n] = check_count(n, value, last[n], floor[n])
        else:
            for n, value in zip(picks, w.run([[b'GET', b'count:%d' % n] for n in picks])):
                last[n] = check_count(n, value, last[n], floor[n])


def check_count(n, value, last, floor):
    value = 0 if value in NULLS else int(value)
    want(value >= last, 'counter', n, 'went back from', last, 'to', value)
    want(value >= floor, 'counter', n, 'is', value, 'after an INCR was answered with', floor)
    return value


# -- order: in a long pipeline a command does not overtake one that waits for a reserved slot
def order_write(w):
    key = b'{order:%d}' % w.number
    fill = [[b'GET', key + b':%d' % n] for n in range(100)]
    try:
        for serial in range(w.left):
            replies = w.run([[b'SET', key, b'%d' % serial]] + fill + [[b'GET', key]])
            want(replies[-1] == b'%d' % serial, 'GET overtook SET:', replies[-1], serial)
    finally:
        with w.shared.get_lock():
            w.shared[0] += 1


def order_disturb(w):
    keys = [b'{order:%d}' % n for n in range(4)]
    while w.shared[0] < 2:  # until both writers have ended
        w.run([[b'MGET'] + keys for _ in range(8)])


# name, share of the operations, commands that prepare, (function, processes)..., check at the end
SCENARIOS = (
    ('tags', 0.13, [], ((tags_write, 2), (tags_read, 2))),
    ('options', 0.04, [], ((options_write, 2), (options_disturb, 1), (options_read, 1))),
    ('fresh', 0.10, [], ((fresh_write, 2), (fresh_read, 2))),
    ('all-none', 0.22, [], ((allnone_write, 2), (allnone_read, 2))),
    ('token', 0.22, [[b'SET', b'tok:0:0', b'the token']], ((token_write, 2), (token_read, 2))),
    ('copies', 0.13, [[b'MSET', b'cp:source', b'0-0', b'cp:witness', b'0-0']],
     ((copies_write, 2), (copies_read, 2))),
    ('swaps', 0.06, [], ((swaps_write, 3),)),
    ('counters', 0.10, [], ((counters_write, 2), (counters_read, 2))),
    # The last one: without lending more slots are reserved.
    ('order', 0.04, [[b'CONFIG', b'SET', b'lend-sleeping-shards', b'no']],
     ((order_write, 2), (order_disturb, 2))),
)
NOT_MULTI = ('swaps', 'counters', 'order')  # mostly commands of one key


def process(func, port, seed, number, operations, shared, results, start):
    try:
        worker = Worker(port, seed, number, operations, shared)
        start.wait(60)  # all at once, or short runs would not meet
        func(worker)
        results.put((number, None))
    except Exception as err:  # whatever it is, the parent must hear of it
        results.put((number, '%s: %s' % (type(err).__name__, err)))


def run_scenario(server, name, prepare, roles, operations, seed):
    """Returns the complaints."""
    with server.conn() as conn:
        conn.call('FLUSHALL')
        for command in prepare:
            conn.send(encode(command))
            conn.read()
    shared = multiprocessing.Array('q', GROUPS)
    results = multiprocessing.Queue()
    total = sum(count for _, count in roles)
    start = multiprocessing.Barrier(total)
    procs = []
    for func, count in roles:
        for _ in range(count):
            procs.append(multiprocessing.Process(target=process, daemon=True, args=(
                func, server.port, '%s/%s' % (seed, name), len(procs), -(-operations // total),
                shared, results, start)))
    for proc in procs:
        proc.start()
    problems = []
    deadline = time.monotonic() + SCENARIO_S_MAX
    for _ in procs:
        try:
            number, problem = results.get(timeout=max(0.1, deadline - time.monotonic()))
        except Exception:
            problems.append('no end within %d s' % SCENARIO_S_MAX)
            break
        if problem:
            problems.append('process %d: %s' % (number, problem))
    for proc in procs:
        if problems:
            proc.terminate()
        proc.join()
    if name == 'swaps' and not problems:
        with server.conn() as conn:
            last = int(conn.call('GET', 'swap:cell'))
        if shared[0] != last:
            problems.append('SET ... GET lost or doubled a value: the sums differ by %d'
                            % (shared[0] - last))
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--server', required=True)
    parser.add_argument('--io-backend', default='auto')
    parser.add_argument('--shards', default='1,2,4')
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--operations', type=int)
    parser.add_argument('--seed', type=int, default=None)
    parser.add_argument('--scenario', default=None)
    args = parser.parse_args()
    seed = args.seed if args.seed is not None else int(time.time())
    operations = args.operations or (OPERATIONS_QUICK if args.quick else OPERATIONS_FULL)
    shard_counts = [int(n) for n in args.shards.split(',')]
    failed = False
    counted = 0
    started = time.monotonic()
    print('seed %d' % seed)
    try:
        for shards in shard_counts:
            with Server(args.server, shards=shards, io_backend=args.io_backend) as server:
                runs = len(shard_counts) if server.flavor == 'slipring' else 1
                for name, share, prepare, roles in SCENARIOS:
                    if args.scenario and name != args.scenario:
                        continue
                    if name == 'options' and server.flavor != 'slipring':
                        continue  # MSETEX is not everywhere
                    # More than asked, so that what is no multi-key operation need not count.
                    n = int(operations * 1.2 * share / runs)
                    begun = time.monotonic()
                    problems = run_scenario(server, name, prepare, roles, n, seed)
                    server.check()
                    counted += 0 if name in NOT_MULTI else n
                    print('%-20s %-9s %8d operations %6.1f s  %s' % (
                        server.name, name, n, time.monotonic() - begun, 'VIOLATED' if problems
                        else 'ok'), flush=True)
                    for problem in problems:
                        print('    ' + problem)
                        failed = True
                if server.flavor != 'slipring':
                    break
    except ServerFailure as err:
        print('FAILED: %s' % err)
        failed = True
    print('%d multi-key operations in %.0f s: %s' % (counted, time.monotonic() - started,
                                                    'FAIL' if failed else 'PASS'))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
