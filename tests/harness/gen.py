"""A seeded generator of command sequences.

A sequence is a list of items: a *unit* (a list of commands that stay together, each a list of
bytes) or a barrier, Pause, ScanLoop or Transfer, which the driver runs by itself. Who makes which
command stands in gen_string.py, gen_generic.py, gen_server.py and gen_newer.py, declared with @command.

Rules that keep two servers comparable though they run a millisecond apart:
  R1  No time to live ends while a sequence runs: relative ones are at least 1,000 s, absolute ones
      are that far away or long past. Short ones only occur in short_ttl_unit(), before a Pause.
  R2  No two times to live of a sequence are within 10 s of each other (GT and LT stay decidable).
  R3  No weird() argument is a small positive number, for R1.
  R4  SET with a time long past leaves a key that only time or a look deletes, so DBSIZE is a matter
      of luck: set_past() looks at once, nobody else does such a thing.
  R5  A large value only in profile "huge", which has no LCS.
"""
import random

INT_LIKE = [b'0', b'1', b'-1', b'10', b'9999', b'10000', b'123456', b'-77', b'2147483647',
            b'2147483648', b'9223372036854775807', b'9223372036854775806', b'-9223372036854775808',
            b'9223372036854775808', b'-9223372036854775809', b'00', b'-0', b'+5', b'007', b' 1',
            b'1 ', b'99999999999999999999']
FLOAT_LIKE = [b'0.1', b'-0.0', b'3.0', b'1e3', b'5.0e3', b'1.5', b'-2.25', b'1e17', b'1e-17', b'.5',
              b'5.', b'inf', b'-inf', b'nan', b'0x1p3', b'1e400', b'3.14159265358979323846',
              b'1e-400', b'179769313486231570000000000000000000', b' 1.5', b'1.5 ', b'1_0']
EDGE_TEXT = [b'', b'a', b'abc', b'ohmytext', b'mynewtext', b'x' * 43, b'x' * 44, b'x' * 45,
             b'y' * 63, b'y' * 64, b'y' * 65, b'z' * 255, b'z' * 256, b'\x00', b'\r\n', b'a\r\nb',
             b'$3\r\nfoo\r\n', b'\xff\xfe\x00\x01', b'*', b'h\xc3\xa9llo', b'(nil)', b'"quoted"',
             b'q' * 511]
# R3. Used for any argument of any command.
WEIRD = [b'', b'abc', b'1.5', b'-1', b'0', b'9223372036854775807', b'9223372036854775808',
         b'-9223372036854775808', b'-9223372036854775809', b'99999999999999999999', b' 1', b'1 ',
         b'\x00', b'1e5', b'nan', b'inf', b'*', b'\xff', b'9223372036854775', b'-5', b'NX', b'GET',
         b'0x10', b'--1', b'+1', b'00', b'18446744073709551616', b'w' * 200, b'\r\n']
# Redis reads a number up to a zero byte, slipring does not (known.py); here it would go on to write.
ENDS_AT_ZERO_BYTE = (b'ZRANGESTORE', b'ZREMRANGEBYSCORE')
DBS = (0, 1, 2, 15)
NEVER = object()

KEYS = [b'k%d' % n for n in range(14)] + [b'key:%012d' % n for n in range(6)] + [
    b'{a}1', b'{a}2', b'{a}3', b'{b}x', b'{b}y', b'foo{}{bar}', b'{}', b'{', b'foo{bar', b'{{x}}z',
    b'', b'\x00\xff\r\n', b'k*[a]?', b'back\\slash', b'h\xc3\xa9', b'L' * 200, b'L' * 63,
    b'123456789', b'sp ace', b'"q"']


class Silent(list):
    """A command that gets no reply."""


class Pause:
    """The driver waits, then goes on."""

    def __init__(self, ms):
        self.ms = ms

    def __repr__(self):
        return 'Pause(%d ms)' % self.ms


class ScanLoop:
    """The driver runs SCAN with these arguments until the cursor is 0 and compares what it saw."""

    def __init__(self, args):
        self.args = args

    def __repr__(self):
        return 'ScanLoop(%r)' % (self.args,)


class Transfer(list):
    """The driver puts what DUMP gives of `source` into this RESTORE: each server's own payload, or on all
    of them what the judge or the first server under test gave."""
    OWN, JUDGE, TARGET = range(3)

    def __init__(self, cmd, source, giver):
        super().__init__(cmd)
        self.source = source
        self.giver = giver

    def __repr__(self):
        return 'Transfer(%r, from %r, giver %d)' % (list(self), self.source, self.giver)


class Spec:
    """How one command, or one sub-command written client|getname, is made."""

    def __init__(self, name, make, family, weight, mutate, judge, needs, timing):
        self.name = name
        self.make = make
        self.family = family
        self.weight = weight
        self.mutate = mutate  # whether wrong arguments may be made out of right ones
        self.judge = judge  # None: redis-server 7.0; else the peer's program
        self.needs = needs
        self.timing = timing  # its reply differs from run to run, so only some sequences have it
        self.token = name.replace('|', ' ').upper().encode()


REGISTRY = {}  # (name, judge) -> Spec


def command(name, family, weight=4, mutate=True, judge=None, needs=(), timing=False):
    """Declares the generator of a command. It returns a command or, as a Unit, several."""
    def declare(make):
        key = (name, judge)
        assert key not in REGISTRY, name
        REGISTRY[key] = Spec(name, make, family, weight, mutate, judge, needs or (name,), timing)
        return make
    return declare


class Unit(list):
    """Several commands that belong together."""


class Gen:
    """The dice, the keys and the values of one sequence."""

    def __init__(self, seed, now_unix_s, huge=False):
        self.rng = random.Random(seed)
        self.r = self.rng.random
        self.now_unix_s = now_unix_s
        self.huge = huge
        self.ttl_count = self.rng.randrange(100003)
        rng = self.rng
        # A few keys get most of the traffic, so that commands meet.
        count = rng.choice((3, 8, 20, len(KEYS)))
        self.keys_pool = rng.sample(KEYS, count)
        self.keys_n = count
        pool = INT_LIKE + FLOAT_LIKE[:14] + EDGE_TEXT
        pool = pool + [rng.randbytes(rng.choice((1, 5, 12, 30, 44, 45, 100, 300)))
                       for _ in range(20)]
        pool += [b'%d' % rng.randrange(-10**6, 10**6) for _ in range(20)]
        pool += [bytes(rng.choices(b'abcde', k=rng.randrange(1, 60))) for _ in range(30)]
        if huge:
            pool = pool[::8] + [rng.randbytes(n) for n in (16383, 16384, 16385, 65536, 100000,
                                                           1 << 20)]
            pool += [b'h' * (rng.randrange(1, 4) << 20), b'17' * 40000]
        self.vals = pool
        self.vals_n = len(pool)

    # -- dice
    def chance(self, p):
        return self.r() < p

    def pick(self, seq):
        return seq[int(self.r() * len(seq))]

    def upto(self, n):
        return int(self.r() * n)

    # -- material
    def key(self):
        return self.keys_pool[int(self.r() * self.keys_n)]

    def keys(self, most=6):
        return [self.key() for _ in range(1 + int(self.r() * most))]

    def val(self):
        return self.vals[int(self.r() * self.vals_n)]

    def weird(self):
        return WEIRD[int(self.r() * len(WEIRD))]

    def small(self):
        return b'%d' % (self.upto(40) - 10)

    def integer(self):
        """A number for an increment: usually fine."""
        if self.r() < 0.8:
            return b'%d' % (self.upto(2000) - 1000)
        return self.pick(INT_LIKE)

    def ttl_s(self):
        self.ttl_count += 1
        return 1000 + 10 * (self.ttl_count * 7919 % 100003)

    def ttl(self, unit_ms, absolute, past=True):
        """A time to live, for an option or EXPIRE: mostly far away, some past, some bad."""
        if self.r() < 0.06:
            return self.weird()
        if absolute and past and self.r() < 0.1:
            return b'1000000' if unit_ms else b'1000'
        seconds = self.ttl_s() + (self.now_unix_s if absolute else 0)
        return b'%d' % (seconds * 1000 if unit_ms else seconds)

    def cased(self, token):
        """Options are not case sensitive."""
        return token.lower() if self.r() < 0.2 else token

    def ttl_option(self, extra=(), past=True):
        """EX 10, PXAT 1700000000000 ... or one of the options given."""
        option = self.pick((b'EX', b'PX', b'EXAT', b'PXAT') + tuple(extra))
        if option in (b'EX', b'PX', b'EXAT', b'PXAT'):
            return [self.cased(option), self.ttl(option[:1] == b'P', option[2:] == b'AT', past)]
        return [self.cased(option)]

    def db(self):
        return b'%d' % self.pick(DBS)

    def wrong(self, cmd):
        """A right command made wrong, or at least odd."""
        cmd = type(cmd)(cmd)
        n = len(cmd)
        kind = self.upto(8)
        if kind == 0 and n > 1:
            cmd.pop()
        elif kind == 1 and n > 1:
            del cmd[1 + self.upto(n - 1)]
        elif kind == 2:
            cmd.append(self.weird())
        elif kind in (3, 4) and n > 1:
            cmd[1 + self.upto(n - 1)] = self.weird()
        elif kind == 5 and n > 1:
            cmd.append(cmd[1 + self.upto(n - 1)])
        elif kind == 6 and n > 1:
            key = self.key()
            cmd[1 + self.upto(n - 1)] = b'k1' if key == b'123456789' else key  # R3
        else:
            cmd[0] = bytes(c ^ 32 if 65 <= c < 91 and self.r() < 0.5 else c for c in cmd[0])
        if cmd[0].upper() in ENDS_AT_ZERO_BYTE:
            cmd[2:] = [b'0' if arg[:1] == b'\x00' else arg for arg in cmd[2:]]
        return cmd


# What a kind of sequence is made of: families and how heavy they weigh in it.
PROFILES = {
    'strings': {'string': 1.0, 'generic': 0.15},
    'generic': {'string': 0.2, 'generic': 1.0, 'set': 0.1, 'hash': 0.1, 'zset': 0.1,
                'list': 0.1, 'bitmap': 0.03, 'hyperloglog': 0.03, 'sort': 0.3,
                'dump': 1.0},
    'types': {'generic': 1.0, 'types': 1.0, 'sort': 0.4, 'dump': 1.0, 'string': 0.25, 'list': 0.35, 'set': 0.35,
              'hash': 0.35, 'zset': 0.2, 'bitmap': 0.1, 'hyperloglog': 0.1},
    'sorts': {'sort': 1.0, 'dump': 0.1, 'generic': 0.1, 'string': 0.02, 'list': 0.1, 'set': 0.1, 'zset': 0.05},
    'mixed': {'string': 1.0, 'generic': 1.0, 'dump': 1.0, 'connection': 0.03, 'server': 0.03},
    'connection': {'string': 0.1, 'generic': 0.1, 'connection': 1.0},
    'server': {'string': 0.1, 'generic': 0.1, 'server': 1.0, 'connection': 0.1},
    'expiry': {'string': 1.0, 'generic': 1.0},
    'bitmaps': {'bitmap': 1.0, 'string': 0.25, 'generic': 0.1},
    'streams': {'stream': 1.0, 'base': 0.05},
    'sets': {'set': 1.0, 'string': 0.03, 'generic': 0.1},
    'set-forms': {'set-forms': 1.0, 'base': 0.0},
    'lists': {'list': 1.0, 'string': 0.03, 'generic': 0.1},
    'list-forms': {'list-forms': 1.0, 'base': 0.0},
    'hyperloglogs': {'hyperloglog': 1.0, 'string': 0.03, 'generic': 0.1},
    'hashes': {'hash': 1.0, 'hash-limits': 1.0, 'generic': 0.1, 'string': 0.03},
    'hashes-redis8': {'hashttl': 1.0, 'base': 0.4},
    'zsets': {'zset': 1.0, 'zset-limits': 1.0, 'generic': 0.05, 'string': 0.02},
    'geos': {'geo': 1.0, 'string': 0.02, 'generic': 0.1},
    'huge': {'string': 1.0, 'generic': 0.3, 'bitmap': 0.5},
    'newer-valkey9': {'newer': 1.0, 'base': 1.0},
    'newer-redis8': {'newer': 1.0, 'base': 0.4},
}
PROFILE_WEIGHTS = {'streams': 12,
                   'geos': 6,
                   'zsets': 14, 'hashes': 12, 'hashes-redis8': 6,
                   'hyperloglogs': 5,
                   'bitmaps': 10, 'sets': 10, 'set-forms': 2,
                   'lists': 12, 'list-forms': 3,
                   'types': 24, 'sorts': 8,
                   'strings': 34, 'generic': 28, 'mixed': 20, 'connection': 5, 'server': 5,
                   'expiry': 1, 'huge': 1, 'newer-valkey9': 5, 'newer-redis8': 2}
FAMILY_PROFILES = {'streams': ('streams',), 'types': ('types',), 'sorts': ('sorts',),
                   'geos': ('geos',),
                   'zsets': ('zsets',),
                   'lists': ('lists', 'list-forms'),
                   'hashes': ('hashes', 'hashes-redis8'),
                   'hyperloglogs': ('hyperloglogs',),
                   'bitmaps': ('bitmaps', 'huge'), 'sets': ('sets', 'set-forms'),
                   'strings': ('strings', 'expiry', 'huge'), 'generic': ('generic', 'expiry'),
                   'mixed': ('mixed',), 'connection': ('connection',), 'server': ('server',),
                   'expiry': ('expiry',), 'huge': ('huge',),
                   'newer': ('newer-valkey9', 'newer-redis8')}
# What sequences judged by a newer server may use besides: nothing in which dialects differ.
BASE = ('get', 'set', 'del', 'strlen', 'append', 'type', 'exists', 'mget', 'ttl', 'persist',
        'expire', 'select')
BASE_OF = {'hashes-redis8': ('hset', 'hmset', 'hsetnx', 'hget', 'hmget', 'hgetall', 'hkeys', 'hvals',
                             'hlen', 'hstrlen', 'hexists', 'hdel', 'hincrby', 'hincrbyfloat',
                             'hrandfield', 'hscan', '(hset many)', '(hash limits)', 'copy',
                             'rename', 'del', 'exists')}
# What a sequence begins with: its generators change settings, and every judge has its own.
HASH_LIMITS = [b'CONFIG', b'SET', b'hash-max-listpack-entries', b'128',
               b'hash-max-listpack-value', b'64']
ZSET_LIMITS = [b'CONFIG', b'SET', b'zset-max-listpack-entries', b'128',
               b'zset-max-listpack-value', b'64']
# SORT makes the judge's sorted sets large, so where it is they are from the beginning.
ZSETS_LARGE = [b'CONFIG', b'SET', b'zset-max-listpack-entries', b'0']
BEGIN = {'types': [HASH_LIMITS, ZSETS_LARGE], 'generic': [HASH_LIMITS, ZSETS_LARGE],
         'sorts': [HASH_LIMITS, ZSETS_LARGE], 'mixed': [HASH_LIMITS, ZSET_LIMITS],
         'zsets': [ZSET_LIMITS], 'hashes': [HASH_LIMITS], 'hashes-redis8': [HASH_LIMITS]}
HUGE_LEAVES_OUT = ('lcs',)
NO_SCAN = ('streams', 'huge', 'set-forms', 'list-forms', 'newer-valkey9', 'newer-redis8',
           'hashes-redis8')


def judge_of(profile):
    return {'newer-valkey9': 'valkey9-server', 'newer-redis8': 'redis8-server',
            'set-forms': 'valkey9-server', 'list-forms': 'valkey9-server',
            'streams': 'valkey9-server', 'hashes-redis8': 'redis8-server'}.get(profile)


class Sequencer:
    """Makes whole sequences of what the server under test has."""

    def __init__(self, supported, now_unix_s):
        self.supported = supported  # names as COMMAND LIST gives them
        self.now_unix_s = now_unix_s
        self.made = {}  # (name, judge) -> how often

    def specs_for(self, profile, rng):
        families = PROFILES[profile]
        judge = judge_of(profile)
        chosen, possible = [], []
        with_timing = rng.random() < 0.25
        for spec in REGISTRY.values():
            share = families.get(spec.family, 0.0) if spec.judge == judge else 0.0
            if spec.judge is None and judge and spec.name in BASE_OF.get(profile, BASE):
                share = families['base']
            if not share or (profile == 'huge' and spec.name in HUGE_LEAVES_OUT):
                continue
            if spec.timing and not with_timing and profile not in ('connection', 'server'):
                continue
            if not all(need in self.supported for need in spec.needs):
                continue
            # Each sequence favours some commands and forgets others: they meet in more ways.
            luck = rng.choice((0.0, 0.3, 1.0, 1.0, 1.0, 4.0))
            if spec.name in ('set', 'get'):
                luck = max(luck, 1.0)
            if share * spec.weight * luck > 0:
                chosen.append((spec, share * spec.weight * luck))
            possible.append((spec, share * spec.weight))
        return chosen or possible  # a family of few may have no luck at all

    def sequence(self, seed, profile, units_n, sloppy=None):
        """The items of the sequence with this seed. Equal seeds give equal sequences."""
        gen = Gen(seed, self.now_unix_s, huge=profile == 'huge')
        chosen = self.specs_for(profile, gen.rng)
        specs = gen.rng.choices([spec for spec, _ in chosen], [w for _, w in chosen], k=units_n)
        wrong_p = gen.pick((0.0, 0.02, 0.05, 0.3)) if sloppy is None else sloppy
        every = 0
        if profile == 'expiry':
            every = max(30, units_n // 4)
        items = [[cmd] for cmd in BEGIN.get(profile, ())]
        made = self.made
        scans = 'scan' in self.supported and profile not in NO_SCAN
        r = gen.r
        for n, spec in enumerate(specs):
            if every and n % every == every - 1:
                items += short_ttl_items(gen)
            elif n % 400 == 399 and r() < 0.5 and scans:
                items.append(scan_loop(gen))
            cmd = spec.make(gen)
            key = (spec.name, spec.judge)
            made[key] = made.get(key, 0) + 1
            if type(cmd) in (Unit, Transfer):
                items.append(cmd)
                continue
            if spec.mutate and r() < wrong_p:
                cmd = gen.wrong(cmd)
            items.append([cmd])
        return items


def short_ttl_items(gen):
    """Keys that end soon, a pause, and proof that all of them are gone: the real clock at work."""
    keys = gen.rng.sample(KEYS, 8)
    cmds = []
    for key in keys:
        ms = b'%d' % (1 + gen.upto(40))
        cmds.append([b'SET', key, gen.val()])
        cmds.append(gen.pick((
            [b'PEXPIRE', key, ms], [b'SET', key, b'v', b'PX', ms], [b'PSETEX', key, ms, b'v'],
            [b'GETEX', key, b'PX', ms])))
    after = [[b'EXISTS'] + keys, [b'MGET'] + keys, [b'TTL', gen.pick(keys)]]
    return [Unit(cmds), Pause(120), Unit(after)]


def scan_loop(gen):
    args = []
    if gen.chance(0.5):
        args += [b'COUNT', gen.pick((b'1', b'3', b'10', b'100', b'5000'))]
    if gen.chance(0.4):
        args += [b'MATCH', gen.pick((b'*', b'k*', b'k?', b'[kL]*', b'key:*', b'{a}*', b'*\\**',
                                     b'nope'))]
    if gen.chance(0.3):
        args += [b'TYPE', gen.pick((b'string', b'list', b'STRING', b'set', b'hash', b'zset', b'stream',
                                    b'nosuchtype'))]
    return ScanLoop(args)
