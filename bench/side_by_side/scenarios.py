"""The scenarios, as data: what is measured, against whom, and what figure is aimed at.

A runner (run_cells.py, run_tail.py, run_memory.py, run_default.py, run_types.py) knows one of the classes here.
quick() is the same scenario with tiny numbers: it proves that the machinery works, its figures mean
nothing.
"""
from dataclasses import dataclass, field, replace

BASELINES = ('valkey9-server', 'valkey-server', 'redis8-server', 'redis-server')
SUBJECT_WORD = 'subject'  # stands for the server that --server names
PEERS_WORD = 'peers'      # stands for every peer that is found, and not deselected by --peers
QUICK_KEYS = 2000
QUICK_SECONDS = 0.1


@dataclass(frozen=True)
class Variant:
    """One row's server. threads: shards, or I/O threads. options are slipring's only."""
    label: str
    server: str = SUBJECT_WORD
    threads: int = 1
    options: tuple = ()


@dataclass(frozen=True)
class Cells:
    """A grid of mixes, pipelines and client processes, each cell measured in turns.

    placement: 'apart' puts the server on the first cores, one per thread, the client on the next
    one; 'shared' lets both use the first cores_shared cores; 'spread' gives the client all that the
    server leaves. targets: {(figure, variant label): {pipeline: highest ratio to the baseline}}."""
    name: str
    title: str
    proves: str
    variants: tuple
    baseline: str
    mixes: tuple
    client: str = 'redis-benchmark'
    pipelines: tuple = (1, 16, 64)
    processes: tuple = (1,)
    placement: str = 'apart'
    cores_shared: int = 2
    cores_min: int = 1
    keys: int = 1000000
    value_bytes: int = 32
    connections: int = 50
    seconds: float = 4.0
    targets: dict = field(default_factory=dict)
    counters: dict = field(default_factory=dict)  # INFO's name -> a word for the table

    def quick(self):
        return replace(self, keys=QUICK_KEYS, seconds=QUICK_SECONDS)


@dataclass(frozen=True)
class Tail:
    """Open loop at a share of the slower one's maximum; then a table that grows under a prober."""
    name: str
    title: str
    proves: str
    mix: str = 'get=10,set=1'
    load_share: float = 0.5
    keys: int = 1000000
    value_bytes: int = 32
    connections: int = 50
    seconds: float = 10.0
    target_p999: float = 1.0
    growth_keys: int = 10000000
    growth_connections: int = 2
    growth_pipeline: int = 32
    growth_rounds_max: int = 3
    probe_rate: int = 5000
    control_seconds: float = 5.0
    pause_us_max: float = 1000.0

    def quick(self):
        return replace(self, keys=QUICK_KEYS, seconds=QUICK_SECONDS, growth_keys=20000,
                       control_seconds=QUICK_SECONDS)


@dataclass(frozen=True)
class Memory:
    name: str
    title: str
    proves: str
    keys: int = 2000000
    value_bytes: int = 32
    expire_s: tuple = (0, 100000)
    targets: dict = field(default_factory=dict)  # expire_s -> highest ratio to the baseline
    rounds_max: int = 3

    def quick(self):
        return replace(self, keys=20 * QUICK_KEYS, rounds_max=1)


@dataclass(frozen=True)
class Default:
    name: str
    title: str
    proves: str
    tests: str = 'ping_inline,ping_mbulk,set,get,incr,mset'
    tests_expected: tuple = ('PING_INLINE', 'PING_MBULK', 'SET', 'GET', 'INCR', 'MSET (10 keys)')
    shards: tuple = (1, 2)
    pipelines: tuple = (1, 16)
    requests: int = 1000000
    keys: int = 100000
    memtier_mix: str = 'get=10,set=1'

    def quick(self):
        return replace(self, requests=2000, keys=QUICK_KEYS)


@dataclass(frozen=True)
class Test:
    """One of redis-benchmark's tests or a command of its own. keys: -r; prepare: what to write first,
    given how many times less than it says is enough."""
    label: str
    args: tuple
    keys: int = 0
    prepare: object = None
    requests_max: int = 0


@dataclass(frozen=True)
class TypesCpu:
    name: str
    title: str
    proves: str
    tests: tuple
    pipeline: int = 16
    connections: int = 50
    seconds: float = 3.0
    target: float = 0.80

    def quick(self):
        return replace(self, seconds=QUICK_SECONDS)


@dataclass(frozen=True)
class Content:
    """commands(count): what makes `count` values, or one value with `count` elements."""
    label: str
    count: int
    commands: object


@dataclass(frozen=True)
class TypesMemory:
    name: str
    title: str
    proves: str
    contents: tuple
    target: float = 1.0
    rounds_max: int = 3

    def quick(self):
        return replace(self, rounds_max=1)


@dataclass(frozen=True)
class BigDelete:
    name: str
    title: str
    proves: str
    members: int = 10000000
    commands: tuple = (('DEL', 'big'),)
    probe_rate: int = 5000
    control_seconds: float = 3.0
    before_s: float = 0.5
    after_s: float = 6.0
    pause_us_max: float = 1000.0
    rounds_max: int = 3

    def quick(self):
        # Time enough for the prober to have started before it is told to end.
        return replace(self, members=2000, control_seconds=1.0, before_s=0.5, after_s=0.5)


def _zset_of_ten(_):
    return [['ZADD', 'small'] + [word for n in range(10) for word in (n, 'member:%d' % n)]]


def _list_of_hundred(_):
    return [['RPUSH', 'mylist'] + ['xxx'] * 100]


def _zset_of_million(scale):
    for first in range(0, 1000000 // scale, 200):
        yield ['ZADD', 'big'] + [word for n in range(first, first + 200)
                                 for word in ((n * 7919) % 1000000, b'm:%012d' % n)]


def _long_list(scale):
    for _ in range(2000 // scale):
        yield ['RPUSH', 'mylist'] + ['xxx'] * 1000


TYPE_TESTS = (
    Test('LPUSH', ('-t', 'lpush')),
    Test('RPOP', ('-t', 'rpop'), prepare=_long_list, requests_max=2000000),
    Test('SADD', ('-t', 'sadd'), keys=100000),
    Test('HSET', ('-t', 'hset'), keys=100000),
    Test('ZADD', ('-t', 'zadd'), keys=100000),
    Test('ZRANGE 0 -1 of 10', ('ZRANGE', 'small', '0', '-1'), prepare=_zset_of_ten),
    Test('LRANGE_100', ('LRANGE', 'mylist', '0', '99'), prepare=_list_of_hundred),
    Test('XADD', ('XADD', 'stream', 'MAXLEN', '~', '1000000', '*', 'field', '__rand_int__'),
         keys=1000000),
    Test('INCR', ('-t', 'incr'), keys=100000),
    Test('ZADD into 1,000,000', ('ZADD', 'big', '__rand_int__', 'm:__rand_int__'), keys=1000000,
         prepare=_zset_of_million),
)


def _hashes(count):
    for n in range(count):
        yield ['HSET', 'hash:%d' % n] + [word for i in range(10)
                                         for word in ('field%d' % i, 'value%d' % ((n * i) % 1000))]


def _zsets(count):
    for n in range(count):
        yield ['ZADD', 'zset:%d' % n] + [word for i in range(10)
                                         for word in ((n * i) % 1000, 'member%d' % i)]


def _big_zset(count):
    for n in range(count):
        yield ['ZADD', 'big', (n * 7919) % count, 'member:%08d' % n]


def _big_stream(count):
    for n in range(count):
        yield ['XADD', 'stream', '%d-0' % (n + 1), 'field', 'value:%d' % n]


def _big_list(count):
    for n in range(count):
        yield ['RPUSH', 'list', 'element:%d' % n]


TYPE_CONTENTS = (
    Content('100,000 hashes of 10 small fields', 100000, _hashes),
    Content('100,000 sorted sets of 10 members', 100000, _zsets),
    Content('a sorted set of 1,000,000 members', 1000000, _big_zset),
    Content('a stream of 1,000,000 entries', 1000000, _big_stream),
    Content('a list of 1,000,000 elements', 1000000, _big_list),
)

SHARD_COUNTERS = {'requests_local': 'local', 'requests_lent': 'lent',
                  'requests_messaged': 'messaged'}
SHARD_VARIANTS = (
    Variant('1 shard'),
    Variant('2 shards', threads=2, options=('--lend-sleeping-shards', 'yes')),
    Variant('2 shards, no lending', threads=2, options=('--lend-sleeping-shards', 'no')),
)

ALL = (
    Cells(
        name='cpu', title='Server CPU per request, one shard on one core',
        proves='What a request costs the server, all else equal. The steadiest figure there is: '
               'it hardly depends on how fast the client is.',
        variants=(Variant(SUBJECT_WORD), Variant(PEERS_WORD, PEERS_WORD)),
        baseline=BASELINES[0], mixes=('get', 'set'),
        targets={('cpu_s_per_million', SUBJECT_WORD): {1: 0.88, 16: 0.75, 64: 0.70}}),
    Cells(
        name='shards', title='Two shards against one, both cores shared with the client',
        proves='What it costs that half of the keys belong to another core. With four client '
               'processes there are more busy threads than cores.',
        variants=SHARD_VARIANTS, baseline='1 shard', mixes=('get=1,set=1',), client='load',
        processes=(1, 4), placement='shared', cores_min=2,
        targets={('cpu_s_per_million', '2 shards'): {1: 1.15, 16: 1.15, 64: 1.15},
                 ('p50_us', '2 shards'): {1: 1.0, 16: 1.0, 64: 1.0}},
        counters=SHARD_COUNTERS),
    Cells(
        name='shards-apart', title='Two shards on cores of their own, lending on and off',
        proves='Whether lending still pays where a sleeping shard has its core to itself.',
        variants=SHARD_VARIANTS, baseline='1 shard', mixes=('get=1,set=1',), client='load',
        processes=(1, 4), placement='spread', cores_min=4, counters=SHARD_COUNTERS),
    Tail(
        name='tail', title='Tail latency at half load, and while the table grows',
        proves='That nothing in the server stops the world: no rehash, no long loop.'),
    Memory(
        name='memory', title='Memory per key',
        proves='What a small key with a small value takes, with and without a TTL, as the '
               'growth of the resident set.',
        targets={0: 0.95, 100000: 1.0}),
    Default(
        name='default', title="redis-benchmark's own list and memtier 1:10, to the end",
        proves='That the tools everybody uses run through without an error.'),
    TypesCpu(
        name='types', title='Server CPU per command on collections, one shard on one core',
        proves='What the common commands of lists, sets, hashes, sorted sets and streams cost.',
        tests=TYPE_TESTS),
    TypesMemory(
        name='types-memory', title='Memory of collections',
        proves='What small hashes and sorted sets take each, and large collections an element.',
        contents=TYPE_CONTENTS),
    BigDelete(
        name='big-delete', title='The end of a set of 10,000,000 members',
        proves='That freeing a huge value delays nobody.'),
    Cells(
        name='scaling', title='1, 2, 4 and 8 shards, the client on the other cores',
        proves='That throughput grows with the cores and the cost of a request does not.',
        variants=tuple(Variant('%d shard%s' % (n, 's' if n > 1 else ''), threads=n)
                       for n in (1, 2, 4, 8)),
        baseline='1 shard', mixes=('get=1,set=1',), client='load', processes=(0,),
        placement='spread', cores_min=4, counters=SHARD_COUNTERS),
)
BY_NAME = {scenario.name: scenario for scenario in ALL}
