"""Load generators: redis-benchmark, memtier_benchmark and our own load.c.

redis-benchmark is the field's yardstick and gives the CPU figures; load.c knows the open loop and
exact percentiles; memtier brings its own traffic, and is the only one that speaks memcached's
protocol. Each takes a Work and gives an Outcome; several processes of one are started together.
"""
import json
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, replace

import machine
from figures import Histogram
from servers import MEMCACHE, find_program

RUN_S_MAX = 900.0
BENCHMARK_NAMES = ('redis-benchmark', 'redis8-benchmark', 'valkey9-benchmark', 'valkey-benchmark')
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
# What a load generator prints when the server answered an error.
ERROR_LINE = re.compile(r'^.*(?:Error from server|server .* error|error response|handle error'
                        r'|Error:|Could not connect|Server closed).*$', re.M | re.I)


class ClientFailure(Exception):
    """A load generator failed, or the server answered errors."""


@dataclass(frozen=True)
class Work:
    """What to ask for. mix: get, set, get=1,set=1, mget ...; rate 0: closed loop."""
    mix: str = 'get'
    pipeline: int = 1
    connections: int = 50
    processes: int = 1
    keys: int = 1000000
    value_bytes: int = 32
    requests: int = 100000  # of all processes together
    rate: int = 0           # of all processes together
    expire_s: int = 0
    sequential: bool = False
    keys_first: int = 0
    realtime: bool = False


@dataclass
class Outcome:
    requests: int
    seconds: float
    histogram: Histogram
    missing: int = 0
    command: str = ''
    raw: list = None

    @property
    def requests_per_s(self):
        return self.requests / self.seconds if self.seconds > 0 else 0.0


def spawn(argv, cores):
    argv = ['taskset', '-c', machine.core_list(cores)] + argv
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def collect(processes):
    """[(stdout, stderr)]; kills all of them if one fails or hangs."""
    texts = []
    try:
        for process in processes:
            texts.append(process.communicate(timeout=RUN_S_MAX))
            if process.returncode != 0:
                raise ClientFailure('%s\nended with status %d: %s' % (
                    ' '.join(process.args), process.returncode,
                    (texts[-1][1] or texts[-1][0]).strip()[-800:]))
    except subprocess.TimeoutExpired as error:
        raise ClientFailure('no end after %d s: %s' % (RUN_S_MAX, error.cmd)) from None
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
                process.wait()
    return texts


def shown(argv, server, cores):
    """The command for a report, with what changes from run to run named."""
    text = ' '.join(['taskset', '-c', machine.core_list(cores)] + argv)
    text = text.replace(' -p %d ' % server.port, ' -p PORT ')
    return text.replace('--port %d ' % server.port, '--port PORT ').replace(server.dir, 'DIR')


class Client:
    """What the three have in common."""
    name = ''

    def argv(self, server, work, index):
        raise NotImplementedError

    def parse(self, texts, work):
        raise NotImplementedError

    def run(self, server, work, cores):
        shares = [replace(work, requests=max(work.requests // work.processes, 1),
                          rate=work.rate // work.processes) for _ in range(work.processes)]
        argvs = [self.argv(server, share, index) for index, share in enumerate(shares)]
        texts = collect([spawn(argv, cores) for argv in argvs])
        for out, err in texts:
            found = ERROR_LINE.search(err) or ERROR_LINE.search(out)
            if found:
                raise ClientFailure('%s says: %s' % (self.name, found.group(0).strip()))
        outcome = self.parse(texts, shares[0])
        outcome.command = shown(argvs[0], server, cores)
        if work.processes > 1:
            outcome.command += '  (%d times at once)' % work.processes
        return outcome


class RedisBenchmark(Client):
    """redis-benchmark or one of its descendants; a mix of one command only."""

    def __init__(self, path, name='redis-benchmark'):
        self.path = path
        self.name = name

    def argv(self, server, work, index):
        del index
        if work.mix not in ('get', 'set') or work.rate or work.expire_s or work.sequential:
            raise ClientFailure('redis-benchmark cannot do %r' % (work,))
        return [self.path, '-h', '127.0.0.1', '-p', str(server.port), '-c', str(work.connections),
                '-n', str(work.requests), '-P', str(work.pipeline), '-r', str(work.keys),
                '-d', str(work.value_bytes), '-t', work.mix, '--precision', '3']

    def parse(self, texts, work):
        histogram = Histogram()
        requests, seconds = 0, 0.0
        for out, _ in texts:
            done = re.search(r'(\d+) requests completed in ([\d.]+) seconds', out)
            rate = re.search(r'throughput summary: ([\d.]+|inf) requests per second', out)
            if not done or not rate:
                raise ClientFailure('%s is not understood: %s' % (self.name, out[-400:]))
            requests += int(done.group(1))
            # Its clock has milliseconds: less than one is shown as 'inf'.
            seconds = max(seconds, int(done.group(1)) / float(rate.group(1)), 1e-3)
            histogram.add(self._buckets(out))
        return Outcome(requests, seconds, histogram)

    @staticmethod
    def _buckets(out):
        """Its percentile table, cumulative counts turned into counts."""
        table = out.partition('Latency by percentile distribution:')[2]
        table = table.partition('Cumulative distribution')[0]
        buckets, seen = [], 0
        for text_ms, text_count in re.findall(
                r'<= ([\d.]+) milliseconds \(cumulative count (\d+)\)', table):
            count = int(text_count)
            if count > seen:
                buckets.append((round(float(text_ms) * 1e6), count - seen))
                seen = count
        return buckets

    def run_list(self, server, tests, requests, keys, pipeline, cores):
        """Its own list of tests: ([(test, requests/s, p50 ms, p99 ms)], warnings, command)."""
        argv = [self.path, '-h', '127.0.0.1', '-p', str(server.port), '-n', str(requests),
                '-r', str(keys), '-P', str(pipeline), '-t', tests, '--csv']
        (out, err), = collect([spawn(argv, cores)])
        rows = []
        for line in out.splitlines():
            cells = re.findall(r'"([^"]*)"', line)
            if len(cells) >= 7 and cells[0] != 'test':
                rows.append((cells[0], float(cells[1]), float(cells[4]), float(cells[6])))
        found = ERROR_LINE.search(err) or ERROR_LINE.search(out)
        if found:
            raise ClientFailure('redis-benchmark says: ' + found.group(0).strip())
        return rows, err.strip(), shown(argv, server, cores)


class Memtier(Client):
    """memtier_benchmark, for either protocol. Its latencies come as three percentiles only."""
    name = 'memtier_benchmark'

    def __init__(self, path):
        self.path = path

    def argv(self, server, work, index):
        ratio = {'get': '0:1', 'set': '1:0', 'get=10,set=1': '1:10', 'get=1,set=1': '1:1'}
        if work.mix not in ratio or work.rate:
            raise ClientFailure('memtier cannot do %r' % (work,))
        argv = [self.path, '-s', '127.0.0.1', '-p', str(server.port), '-t', '1',
                '-c', str(work.connections), '--pipeline', str(work.pipeline),
                '--ratio', ratio[work.mix], '-d', str(work.value_bytes), '--key-prefix', 'key:',
                '--key-minimum', '1', '--key-maximum', str(work.keys), '--hide-histogram',
                '--print-percentiles', '50,99,99.9',
                '--json-out-file', os.path.join(server.dir, 'memtier-%d.json' % index)]
        if server.protocol == MEMCACHE:
            argv += ['-P', 'memcache_text']
        if work.expire_s:
            argv += ['--expiry-range', '%d-%d' % (work.expire_s, work.expire_s + 1)]
        if work.sequential:
            return argv + ['--key-pattern', 'P:P', '-n', 'allkeys']
        per_connection = max(work.requests // work.connections, 1)
        return argv + ['--key-pattern', 'R:R', '-n', str(per_connection), '--distinct-client-seed']

    def run(self, server, work, cores):
        outcome = super().run(server, work, cores)
        outcome.raw = []
        for index in range(work.processes):
            path = os.path.join(server.dir, 'memtier-%d.json' % index)
            with open(path, encoding='utf-8', errors='replace') as file:
                outcome.raw.append(json.load(file, strict=False)['ALL STATS'])
        outcome.requests = sum(stats['Totals']['Count'] for stats in outcome.raw)
        outcome.seconds = max(stats['Totals']['Count'] / stats['Totals']['Ops/sec']
                              for stats in outcome.raw)
        outcome.missing = round(sum(stats['Totals'].get('Misses/sec', 0) for stats in outcome.raw)
                                * outcome.seconds)
        if any(stats['Totals'].get('Connection Errors', 0) for stats in outcome.raw):
            raise ClientFailure('memtier counts connection errors')
        for stats in outcome.raw:
            outcome.histogram.add(self._buckets(stats['Totals']))
        return outcome

    def parse(self, texts, work):
        return Outcome(0, 0.0, Histogram())

    @staticmethod
    def _buckets(totals):
        """Counts that put the 50th, 99th and 99.9th percentile where memtier saw them."""
        percentiles = totals['Percentile Latencies']
        points = [(0.5, percentiles['p50.00']), (0.99, percentiles['p99.00']),
                  (0.999, percentiles['p99.90']), (1.0, totals['Max Latency'])]
        buckets, before = [], 0.0
        for share, latency_ms in points:
            buckets.append((round(latency_ms * 1e6), totals['Count'] * (share - before)))
            before = share
        return buckets


class Load(Client):
    """load.c, built on first use."""
    name = 'load'

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix='slipring-load-')
        self.path = os.path.join(self.dir, 'load')
        compiler = os.environ.get('CC') or shutil.which('cc') or shutil.which('gcc')
        if not compiler:
            raise ClientFailure('no C compiler for load.c (cc)')
        argv = [compiler, '-O2', '-std=gnu17', '-I', ROOT, '-o', self.path,
                os.path.join(HERE, 'load.c')]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ClientFailure('load.c does not build:\n' + done.stderr[-2000:])

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)

    def run(self, server, work, cores):
        outcome = super().run(server, work, cores)
        outcome.command = self.short(outcome.command)
        return outcome

    def short(self, command):
        return command.replace(self.path, 'load')

    def argv(self, server, work, index):
        argv = [self.path, '--port', str(server.port), '--connections', str(work.connections),
                '--keys', str(work.keys), '--mix', work.mix,
                '--value-bytes', str(work.value_bytes), '--seed', str(index + 1)]
        if work.requests:
            argv += ['--requests', str(work.requests)]
        else:
            argv += ['--seconds', str(RUN_S_MAX)]  # until somebody ends it with SIGTERM
        argv += ['--rate', str(work.rate)] if work.rate else ['--pipeline', str(work.pipeline)]
        argv += ['--expire', str(work.expire_s)] if work.expire_s else []
        argv += ['--keys-first', str(work.keys_first)] if work.keys_first else []
        argv += ['--sequential'] if work.sequential else []
        argv += ['--realtime'] if work.realtime else []
        return argv

    def parse(self, texts, work):
        raw = [json.loads(out) for out, _ in texts]
        histogram = Histogram()
        for one in raw:
            if one['errors']:
                raise ClientFailure('%d errors, the first: %s' % (one['errors'],
                                                                  one['first_error']))
            histogram.add(one['histogram_ns'])
        return Outcome(sum(one['requests'] for one in raw), max(one['seconds'] for one in raw),
                       histogram, missing=sum(one['missing'] for one in raw), raw=raw)


class Tools:
    """The load generators of this machine, found once. load is made when first asked for."""

    def __init__(self):
        self._load = None
        paths = {name: find_program(name) for name in BENCHMARK_NAMES}
        self.benchmarks = {name: RedisBenchmark(path, name) for name, path in paths.items() if path}
        path = find_program('memtier_benchmark')
        self.memtier = Memtier(path) if path else None

    @property
    def redis_benchmark(self):
        return self.benchmarks.get('redis-benchmark')

    @property
    def load(self):
        if self._load is None:
            self._load = Load()
        return self._load

    def close(self):
        if self._load is not None:
            self._load.close()

    def client_for(self, server, wanted):
        """The one named `wanted`, or memtier where only memtier knows the protocol."""
        if server.protocol == MEMCACHE or wanted == 'memtier':
            found, wanted = self.memtier, 'memtier_benchmark'
        elif wanted == 'load':
            return self.load
        else:
            found = self.benchmarks.get(wanted)
        if found is None:
            raise ClientFailure('%s is not on PATH' % wanted)
        return found

    def fill(self, server, keys, value_bytes, cores, expire_s=0):
        """Writes every key of the key space once."""
        work = Work(mix='set', pipeline=64, connections=8, keys=keys, value_bytes=value_bytes,
                    requests=keys, expire_s=expire_s, sequential=True)
        if server.protocol == MEMCACHE:
            self.client_for(server, 'memtier').run(server, work, cores)
            return
        self.load.run(server, work, cores)
        if server.keys_count() != keys:
            raise ClientFailure('%s holds %d keys after %d were written' % (
                server.label, server.keys_count(), keys))
