#!/usr/bin/env python3
"""Values of every type by DUMP and RESTORE from other servers to slipring and back.

    test_dump.py --server PATH [--io-backend X] [--shards N] [--seed N] [--quick]

redis-server 7.0 is the other side, and with PEERS=DIR Valkey 9 and Redis 8 too. What comes back must
have the same DEBUG DIGEST-VALUE, on the way also after DEBUG RELOAD. Sizes lie around the thresholds.
"""
import argparse
import os
import random
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))

from harness.server import Server, peer_path  # noqa: E402

SIZES = (1, 2, 5, 127, 128, 129, 511, 512, 513, 1500)
TYPES = ('string', 'list', 'set', 'hash', 'zset', 'stream')


def word(rng):
    kind = rng.randrange(4)
    if kind == 0:
        return str(rng.choice((rng.randrange(-200, 200), rng.randrange(-2**63, 2**63)))).encode()
    if kind == 1:
        return b'w%d' % rng.randrange(10**6)
    if kind == 2:
        return bytes(rng.randrange(256) for _ in range(rng.randrange(90)))
    return b'rep' * rng.randrange(300)


def make(conn, rng, kind):
    count, integers = rng.choice(SIZES), rng.random() < 0.3
    if kind == 'stream':
        count = min(count, 300)
    for i in range(count):
        text = str(rng.randrange(-2**40, 2**40)).encode() if integers else word(rng)
        if kind == 'string':
            conn.call('SET', 'x', text * rng.randrange(30))
            return
        if kind == 'zset':
            conn.call('ZADD', 'x', rng.choice((rng.random(), 3, -7, 'inf', 1e300)), text)
        elif kind == 'hash':
            conn.call('HSET', 'x', text, word(rng))
        elif kind == 'stream':
            conn.call('XADD', 'x', '%d-1' % (i + 1), 'a', text, rng.choice(('b', 'c')), '1')
        else:
            conn.call({'list': 'RPUSH', 'set': 'SADD'}[kind], 'x', text)
    if kind == 'stream':
        for i in range(0, count - 1, 3):
            conn.call('XDEL', 'x', '%d-1' % (i + 1))
        for group in range(rng.randrange(3)):
            conn.call('XGROUP', 'CREATE', 'x', 'g%d' % group, rng.choice(('0', '$')))
            conn.call('XREADGROUP', 'GROUP', 'g%d' % group, 'c', 'COUNT', '50', 'STREAMS', 'x', '>')


def expect(got, wanted, what):
    if got != wanted:
        raise AssertionError('%s: %r, not %r' % (what, got, wanted))


def one(ours, other, rng, kind, name, is_7_0):
    other.call('FLUSHALL')
    make(other, rng, kind)
    digest = other.call('DEBUG', 'DIGEST-VALUE', 'x')
    what = '%s of %s' % (kind, name)
    expect(ours.call('RESTORE', 'y', '0', other.call('DUMP', 'x'), 'REPLACE'), ('+', b'OK'), what)
    here = ours.call('DEBUG', 'DIGEST-VALUE', 'y')
    if kind != 'zset' or is_7_0:  # later ones print scores shorter in their digests
        expect(here, digest, what + ' here')
    expect(ours.call('DEBUG', 'RELOAD'), ('+', b'OK'), what)
    expect(ours.call('DEBUG', 'DIGEST-VALUE', 'y'), here, what + ' reloaded')
    expect(other.call('RESTORE', 'y', '0', ours.call('DUMP', 'y'), 'REPLACE'), ('+', b'OK'), what)
    expect(other.call('DEBUG', 'DIGEST-VALUE', 'y'), digest, what + ' back there')
    if kind == 'stream':
        pending = [c.call('XINFO', 'GROUPS', k) for c, k in ((other, 'x'), (other, 'y'))]
        expect(pending[1], pending[0], what + ' groups')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--server', required=True)
    parser.add_argument('--io-backend')
    parser.add_argument('--shards', type=int, default=2)
    parser.add_argument('--seed', type=int, default=random.randrange(10**6))
    parser.add_argument('--quick', action='store_true')
    args = parser.parse_args()
    others = [path for path in (shutil.which('redis-server'), peer_path('valkey9-server'),
                                peer_path('redis8-server')) if path]
    if not others:
        return 77
    print('seed %d' % args.seed)
    rng = random.Random(args.seed)
    with Server(args.server, shards=args.shards, io_backend=args.io_backend) as server:
        for path in others:
            with Server(path) as other, server.conn() as ours, other.conn() as theirs:
                for kind in TYPES * (2 if args.quick else 8):
                    one(ours, theirs, rng, kind, other.name, other.version[:2] == (7, 0))
    print('ok')
    return 0


if __name__ == '__main__':
    sys.exit(main())
