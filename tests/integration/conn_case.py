"""What test_connections.py and test_clients.py share: how a case is declared, how it gets its servers,
and the main program that runs all cases that were declared."""
import argparse
import time
import traceback

from harness.resp import Closed, ProtocolError, Timeout
from harness.server import Server, ServerFailure, flavor_of

CASES = []


class Skip(Exception):
    """The case cannot be run here; the text says why."""


class Failure(AssertionError):
    pass


def case(func):
    """A test. Its name is a sentence with underscores; it takes a Bench."""
    CASES.append(func)
    return func


def want(condition, *what):
    if not condition:
        raise Failure(' '.join(w if isinstance(w, str) else repr(w)[:600] for w in what))


def until(condition, within_s=10.0, what='it'):
    """Waits until condition() holds."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise Failure('%s did not happen within %.0f s' % (what, within_s))
        time.sleep(0.02)


def connected(conn):
    """connected_clients of INFO, of this connection's server."""
    text = conn.call('INFO', 'clients')
    text = text[-1] if isinstance(text, tuple) else text
    for line in text.splitlines():
        if line.startswith(b'connected_clients:'):
            return int(line.split(b':')[1])
    raise Failure('INFO clients has no connected_clients')


def alone(conn):
    """1, once this connection is the only one: the one that waited for the start has left."""
    until(lambda: connected(conn) == 1, what='being the only client')
    return 1


class Bench:
    """Starts servers for one case and stops all of them at its end."""

    def __init__(self, args, shards):
        self.args = args
        self.shards = shards
        self.quick = args.quick
        self.servers = []

    def server(self, *directives, **kw):
        server = Server(self.args.server, shards=self.shards, io_backend=self.args.io_backend,
                        directives=directives, **kw)
        self.servers.append(server)
        return server

    def judge(self, *directives):
        server = Server(self.args.judge, directives=directives, name='judge')
        self.servers.append(server)
        return server

    def stop(self, check):
        for server in self.servers:
            if server.status is None:
                server.stop(check=check)
            else:
                server.stop(check=False)
        self.servers = []


def run_case(func, args, shards):
    """'ok', 'skipped: why' or 'FAILED: why'."""
    bench = Bench(args, shards)
    good = False
    try:
        func(bench)
        good = True
        result = 'ok'
    except Skip as why:
        good = True
        result = 'skipped: %s' % why
    except (Failure, ServerFailure, Closed, Timeout, ProtocolError, OSError) as err:
        result = 'FAILED: %s: %s' % (type(err).__name__, err)
    except Exception:
        result = 'FAILED:\n' + traceback.format_exc()
    try:
        bench.stop(check=good)
    except ServerFailure as err:
        result = 'FAILED: %s' % err
    return result


def run_cases(doc):
    """The main program. Exit status: 0, 1 for a failure, 77 if each case was skipped."""
    parser = argparse.ArgumentParser(description=doc.split('\n', maxsplit=1)[0])
    parser.add_argument('--server', required=True)
    parser.add_argument('--judge', default='/usr/bin/redis-server')
    parser.add_argument('--io-backend', default='auto')
    parser.add_argument('--shards', default='2')
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--case', default='', help='only cases with this in their name')
    parser.add_argument('--list', action='store_true')
    args = parser.parse_args()
    cases = [func for func in CASES if args.case in func.__name__]
    if args.list:
        for func in cases:
            print(func.__name__)
        return 0
    counts = {'ok': 0, 'skipped': 0, 'FAILED': 0}
    shard_counts = [int(n) for n in args.shards.split(',')]
    if flavor_of(args.server)[0] != 'slipring':
        shard_counts = shard_counts[:1]
    for shards in shard_counts:
        for func in cases:
            started = time.monotonic()
            result = run_case(func, args, shards)
            counts[result.split(':')[0]] += 1
            print('%d shards  %-62s %5.1f s  %s' % (shards, func.__name__.replace('_', ' '),
                                                   time.monotonic() - started, result), flush=True)
    print('%(ok)d ok, %(skipped)d skipped, %(FAILED)d failed' % counts)
    if counts['FAILED'] or not cases:
        return 1
    return 0 if counts['ok'] else 77
