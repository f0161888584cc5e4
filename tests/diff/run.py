#!/usr/bin/env python3
"""The differential test: seeded random commands on the server under test and on the judges.

  tests/diff/run.py --server PATH [--io-backend auto|io_uring|epoll] [--shards 1,2,4] [--quick]
                    [--commands N] [--seconds N] [--seed S] [--family strings,generic,...] [--replay N]

redis-server 7.0 judges; what is newer is judged by valkey-server 9 and redis-server 8 from
PEERS=DIR (DIR/bin/valkey9-server), and skipped by name without them. Sequence n of seed S is always
the same one: --replay n plays only that. Exits with 1 at the first difference that is not
in known.py.
"""
import argparse
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))

from harness import gen  # noqa: E402
from harness import gen_acl, gen_connection, gen_generic, gen_newer  # noqa: E402,F401
from harness import gen_bitmap, gen_list, gen_set  # noqa: E402,F401
from harness import gen_hyperloglog  # noqa: E402,F401
from harness import gen_hash  # noqa: E402,F401
from harness import gen_dump, gen_sort, gen_types  # noqa: E402,F401
from harness import gen_geo  # noqa: E402,F401
from harness import gen_stream  # noqa: E402,F401
from harness import gen_server, gen_string  # noqa: E402,F401
from harness import gen_zset  # noqa: E402,F401
from harness.resp import show  # noqa: E402
from harness.server import Server, ServerFailure, peer_path  # noqa: E402

import coverage  # noqa: E402
import expect  # noqa: E402
from driver import Player, Side  # noqa: E402
from shrink import shrink  # noqa: E402

COMMANDS_FULL = 600000
COMMANDS_EACH_SENT = 2000000  # from so many on, what was never sent is a mistake
COMMANDS_QUICK = 250000


def say(text):
    print(text, flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--server', required=True)
    parser.add_argument('--judge', default='/usr/bin/redis-server')
    parser.add_argument('--io-backend', default='auto', choices=('auto', 'io_uring', 'epoll'))
    parser.add_argument('--shards', default='1,2,4')
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--commands', type=int,
                        help='commands to generate; each is compared on every server')
    parser.add_argument('--seconds', type=float, default=float('inf'),
                        help='start no further sequence after so long')
    parser.add_argument('--seed', default='1', help='a number, or time for ever new sequences')
    parser.add_argument('--family', default=None, help=', '.join(gen.FAMILY_PROFILES))
    parser.add_argument('--replay', type=int, default=None,
                        help='play only this sequence of the seed')
    parser.add_argument('--keep-going', action='store_true', help='report differences and go on')
    parser.add_argument('--no-shrink', action='store_true')
    args = parser.parse_args()
    args.server = program(args.server)
    args.judge = program(args.judge)
    args.seed = int(time.time()) if args.seed == 'time' else int(args.seed)
    if args.commands is None:
        args.commands = COMMANDS_QUICK if args.quick else COMMANDS_FULL
    return args


def program(path):
    """Servers run in directories of their own, so a path from here says nothing there."""
    return os.path.abspath(path) if os.sep in path or os.path.exists(path) else path


class Campaign:
    """The servers, the judges, and which sequence comes next."""

    def __init__(self, args):
        self.args = args
        self.servers = []
        self.judges = {}
        self.player = Player()
        self.targets = []
        self.skipped = set()
        shard_counts = [int(n) for n in args.shards.split(',')]
        for n in shard_counts:
            server = self.start(args.server, shards=n, io_backend=args.io_backend)
            self.targets.append(Side(server))
            if server.flavor != 'slipring':
                break  # has no shards: once is enough
        self.flavor = self.targets[0].server.flavor
        self.sequencer = None
        families = args.family.split(',') if args.family else list(gen.FAMILY_PROFILES)
        profiles = [p for family in families for p in gen.FAMILY_PROFILES[family]]
        self.profiles = [p for p in gen.PROFILE_WEIGHTS if p in profiles]

    def start(self, path, **kw):
        server = Server(path, **kw)
        self.servers.append(server)
        return server

    def judge(self, profile):
        """The judge of such sequences, started when first needed; None if not at hand."""
        name = gen.judge_of(profile)
        if name not in self.judges:
            path = self.args.judge if name is None else peer_path(name)
            if path is None:
                say('skipped: sequences judged by %s (PEERS=DIR, DIR/bin/%s)' % (name, name))
                self.judges[name] = None
            else:
                self.judges[name] = Side(self.start(path, name='judge ' + os.path.basename(path)))
        return self.judges[name]

    def prepare(self):
        """Coverage first: a run without a generator for each command would prove too little."""
        judge = self.judge('strings')
        judge_docs = coverage.docs(judge.server.port)
        names = coverage.command_names(self.targets[0].server.port)
        problems = coverage.check(self.targets[0].server, judge_docs, self.flavor == 'slipring',
                                  say)
        for problem in problems:
            say('COVERAGE: ' + problem)
        self.sequencer = gen.Sequencer(names, int(time.time()))
        return not problems

    def plan(self, n):
        """What sequence n is: profile, protocol, length, how it is cut into batches."""
        rng = random.Random('%d/%d' % (self.args.seed, n))
        profile = rng.choices(self.profiles, [gen.PROFILE_WEIGHTS[p] for p in self.profiles])[0]
        proto = rng.choice((2, 3))
        batches = rng.choice(('plain', 'fixed', 'mixed', 'mixed', 'large', 'large', 'large',
                              'large'))
        units_n = {'plain': 400, 'fixed': 2000, 'mixed': 3000, 'large': 5000}[batches]
        if profile in ('huge', 'set-forms'):
            units_n = 250
        elif profile == 'list-forms':
            units_n = 60  # each is a hundred commands: they are not to be most of a run
        elif profile in ('connection', 'server', 'newer-redis8'):
            units_n = min(units_n, 1500)
        return profile, proto, units_n, batches

    def batch_sizes(self, n, batches):
        rng = random.Random('%d/%d/batches' % (self.args.seed, n))
        if batches == 'plain':
            return lambda: 1
        if batches == 'fixed':
            size = rng.choice((2, 3, 5, 10, 16, 32, 64, 100))
            return lambda: size
        if batches == 'mixed':
            return lambda: 1 + int(rng.random() * 100)
        return lambda: 60 + int(rng.random() * 41)

    def one(self, n):
        """Plays sequence n. True if nothing differed, None if there is no judge."""
        profile, proto, units_n, batches = self.plan(n)
        judge = self.judge(profile)
        if judge is None:
            return None
        needs_reset = 'server' in gen.PROFILES[profile]
        items = self.sequencer.sequence('%d/%d' % (self.args.seed, n), profile, units_n)
        found = self.player.play(judge, self.targets, items, proto, self.batch_sizes(n, batches),
                                 needs_reset)
        if needs_reset:
            for side in [judge] + self.targets:
                if side.server.alive():
                    side.restart(2, True)
        if not found:
            return True
        say('\nDIFFERENCE in sequence %d of seed %d (%s, RESP%d, %s)'
            % (n, self.args.seed, profile, proto, batches))
        say(found.text())
        say('  replay : tests/diff/run.py --server %s --shards %s --io-backend %s --seed %d'
            ' --replay %d%s' % (
            self.args.server, self.args.shards, self.args.io_backend, self.args.seed, n,
            ' --family ' + self.args.family if self.args.family else ''))
        if not self.args.no_shrink and found.side.server.alive():
            self.minimize(found, judge, items, proto, n, batches, needs_reset)
        return False

    def minimize(self, found, judge, items, proto, n, batches, needs_reset):
        quiet = Player()

        def fails_with(sizes):
            def fails(some):
                if not found.side.server.alive():
                    return False
                again = quiet.play(judge, [found.side], some, proto, sizes(), needs_reset)
                return again is not None and again.what() == found.what()
            return fails

        if found.index is not None:
            items = items[:found.index + 1]
        for name, sizes in (('one by one', lambda: lambda: 1),
                            ('in batches', lambda: self.batch_sizes(n, batches)),
                            ('in batches of 100', lambda: lambda: 100)):
            fails = fails_with(sizes)
            if fails(items):
                short = shrink(items, fails)
                say('  shrunk to %d items, sent %s:' % (len(short), name))
                for item in short[:60]:
                    say('    %s' % shown(item))
                return
        say('  it did not happen again when played alone: a race, or a matter of time')


def main():
    args = arguments()
    campaign = Campaign(args)
    failed = False
    started = time.monotonic()
    try:
        covered = campaign.prepare()
        failed = not covered
        say('seed %d, %d commands on %s' % (args.seed, args.commands,
                                           ', '.join(s.server.name for s in campaign.targets)))
        for side in campaign.targets:
            failed |= not expect.check(side.server, say)
        player = campaign.player
        numbers = [args.replay] if args.replay is not None else None
        n = 0
        started = time.monotonic()
        goal = args.commands * len(campaign.targets)
        while numbers is None and player.compared < goal or numbers:
            if time.monotonic() - started > args.seconds:
                break
            number = numbers.pop() if numbers is not None else n
            n += 1
            done = campaign.one(number)
            if done is None and not [p for p in campaign.profiles if campaign.judge(p)]:
                break
            if done is False:
                failed = True
                if not args.keep_going:
                    break
            if n % 20 == 0:
                for server in campaign.servers:
                    server.check()
        seconds = time.monotonic() - started
        say('%d sequences, %d replies compared in %.1f s (%.0f a second)'
            % (n, player.compared, seconds, player.compared / max(seconds, 0.001)))
        for why, count in sorted(player.known_hits.items()):
            say('known difference, %d times: %s' % (count, why))
        if not failed and args.family is None and args.commands >= COMMANDS_EACH_SENT and \
                player.compared >= goal:
            failed = not all_made(campaign)
        for server in campaign.servers:
            server.check()
    except (ServerFailure, OSError) as err:
        say('FAILED: %s' % err)
        failed = True
    finally:
        for server in campaign.servers:
            try:
                server.stop(check=not failed)
            except ServerFailure as err:
                say('FAILED: %s' % err)
                failed = True
    say('FAIL' if failed else 'PASS')
    return 1 if failed else 0


def shown(item):
    return show(list(item)) if isinstance(item, list) else repr(item)


def all_made(campaign):
    """At the end of a full run: what the server has and the judges judge was really sent."""
    idle = []
    for (name, judge), spec in gen.REGISTRY.items():
        if all(need in campaign.sequencer.supported for need in spec.needs) and \
                campaign.judges.get(judge) and not campaign.sequencer.made.get((name, judge)):
            idle.append(name)
    for name in idle:
        say('NEVER SENT: %s' % name)
    return not idle


if __name__ == '__main__':
    sys.exit(main())
