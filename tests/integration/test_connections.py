#!/usr/bin/env python3
"""Connections, abused: many, slow, broken, hostile, and their limits.

  tests/integration/test_connections.py --server PATH [--io-backend B] [--shards 2] [--quick]
                                        [--case WORD] [--list]

The cases stand in conn_protocol.py, conn_limits.py and conn_life.py; redis-server 7.0 judges where
exact bytes count. A case that cannot be run on this machine is skipped by name.
"""
import argparse
import os
import sys
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))

import conn_life  # noqa: E402,F401
import conn_limits  # noqa: E402,F401
import conn_protocol  # noqa: E402,F401
from conn_case import CASES, Bench, Failure, Skip  # noqa: E402
from harness.resp import Closed, ProtocolError, Timeout  # noqa: E402
from harness.server import ServerFailure, flavor_of  # noqa: E402


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


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
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
    return 1 if counts['FAILED'] or not cases else 0


if __name__ == '__main__':
    sys.exit(main())
