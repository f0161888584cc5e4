"""The commands that test_chaos.py throws, with what may come back for each.

String keys are s:N and their values say how long they are, so that a reply tells whether its bytes
are somebody else's; counters are c:N. Renaming and copying stay within a family.
"""
from harness.resp import NULLS, cmd, is_error

HOT_KEYS = 60
COLD_KEYS = 4000
COUNTERS = 40
DATABASES = 10
TTL_MS_MAX = 400
SIZES = (0, 1, 20, 43, 44, 45, 200, 1000, 5000)
LARGE_SIZES = (16384, 70000, 300000, 1 << 20)
WEIRD = (b'', b'-1', b'abc', b'9223372036854775808', b'\r\n', b'\x00', b'*', b'$-1', b'%', b'1e5')


class Wrong(Exception):
    """A reply that nothing explains."""


class Command:
    """Bytes to send, how many replies they get, and who judges each reply."""

    def __init__(self, data, judge, replies=1):
        self.data = data
        self.judge = judge
        self.replies = replies


def value_of(rng):
    size = rng.choice(LARGE_SIZES) if rng.random() < 0.01 else rng.choice(SIZES)
    return b'%d:%b' % (size, bytes((97 + rng.randrange(26),)) * size)


def judge_value(reply):
    """Null, or a whole value."""
    if reply in NULLS:
        return
    if not isinstance(reply, bytes) or b':' not in reply[:10]:
        raise Wrong('no value: %r' % (reply[:80],))
    size, body = reply.split(b':', 1)
    if int(size) != len(body) or body != body[:1] * len(body):
        raise Wrong('a damaged value: %r, %d bytes' % (reply[:80], len(reply)))


def judge_values(reply):
    if not isinstance(reply, list):
        raise Wrong('no array: %r' % (reply,))
    for value in reply:
        judge_value(value)


def judge_count(reply):
    if not isinstance(reply, int):
        raise Wrong('no integer: %r' % (reply,))


def judge_ok(reply):
    if reply != ('+', b'OK'):
        raise Wrong('not OK: %r' % (reply,))


def judge_keys(reply):
    if not isinstance(reply, list):
        raise Wrong('no array: %r' % (reply,))
    for key in reply:
        judge_key(key)


def judge_key(reply):
    if reply not in NULLS and (not isinstance(reply, bytes) or reply[:2] not in (b's:', b'c:')):
        raise Wrong('no key of ours: %r' % (reply,))


def judge_scan(reply):
    if not isinstance(reply, list) or len(reply) != 2 or not reply[0].isdigit():
        raise Wrong('no page of SCAN: %r' % (reply,))
    judge_keys(reply[1])


def judge_good(reply):
    """Anything but an error."""
    if is_error(reply):
        raise Wrong('an error: %r' % (reply,))


def judge_ok_or(*texts):
    """+OK, an integer, or an error that begins with one of these."""
    def judge(reply):
        if is_error(reply) and not reply[1].startswith(texts):
            raise Wrong('an error: %r' % (reply,))
    return judge


def judge_any(_):
    pass


judge_renamed = judge_ok_or(b'ERR no such key')
judge_digest = judge_ok_or(b'ERR no such key')


class Mix:
    """One connection's dice."""

    def __init__(self, rng, keeps_name):
        self.rng = rng
        self.keeps_name = keeps_name  # by its name a connection can be found and killed
        self.makers, self.weights = zip(*self.table())

    def key(self):
        rng = self.rng
        return b's:%d' % rng.randrange(HOT_KEYS if rng.random() < 0.7 else COLD_KEYS)

    def keys(self):
        return [self.key() for _ in range(self.rng.randrange(1, 9))]

    def counter(self):
        return b'c:%d' % self.rng.randrange(COUNTERS)

    def pick(self, *choices):
        return self.rng.choice(choices)

    def pipeline(self):
        """Commands to be sent at once."""
        count = self.pick(1, 1, 2, 5, 12, 40)
        return [self.make() for _ in range(count)]

    def make(self):
        made = self.rng.choices(self.makers, self.weights)[0]()
        if isinstance(made, Command):
            return made
        words, judge = made
        if self.rng.random() < 0.03 and all(self.is_plain(word) for word in words):
            line = b' '.join(word if isinstance(word, bytes) else str(word).encode()
                             for word in words)
            return Command(line + b'\r\n', judge)
        return Command(cmd(*words), judge)

    @staticmethod
    def is_plain(word):
        return not isinstance(word, bytes) or (0 < len(word) < 1000 and b'\r\n' not in word and
                                               not set(word) & set(b' "\'\x00'))

    def table(self):
        """Who makes commands, and how often."""
        return [
            (self.set_soon_gone, 200), (self.set_to_stay, 100), (self.get, 250), (self.mset, 60),
            (self.mget, 60), (self.delete, 60), (self.counting, 60), (self.rename, 40),
            (self.copy, 40), (self.expiry, 40), (self.scan, 25), (self.keyspace, 12),
            (self.world, 3), (self.select, 10), (self.protocol, 8), (self.client, 12),
            (self.pause, 1), (self.server, 12), (self.config, 8), (self.debug, 4),
            (self.silent, 4), (self.wrong, 10)]

    def set_soon_gone(self):
        ttl_ms = self.rng.randint(1, TTL_MS_MAX)
        return ('SET', self.key(), value_of(self.rng), 'PX', ttl_ms), judge_ok

    def set_to_stay(self):
        return self.pick((('SET', self.key(), value_of(self.rng)), judge_ok),
                         (('SET', self.key(), value_of(self.rng), 'KEEPTTL'), judge_ok),
                         (('SET', self.key(), value_of(self.rng), 'GET'), judge_value),
                         (('SETNX', self.key(), value_of(self.rng)), judge_count))

    def get(self):
        key = self.key()
        return self.pick((('GET', key), judge_value), (('GET', key), judge_value),
                         (('GET', key), judge_value), (('GETDEL', key), judge_value),
                         (('GETEX', key, 'PX', TTL_MS_MAX), judge_value),
                         (('STRLEN', key), judge_count))

    def mset(self):
        pairs = [word for key in self.keys() for word in (key, value_of(self.rng))]
        return self.pick((['MSET'] + pairs, judge_ok), (['MSETNX'] + pairs, judge_count))

    def mget(self):
        return ['MGET'] + self.keys(), judge_values

    def delete(self):
        return [self.pick('DEL', 'UNLINK', 'EXISTS', 'TOUCH')] + self.keys(), judge_count

    def counting(self):
        return self.pick((('INCR', self.counter()), judge_count),
                         (('DECRBY', self.counter(), 7), judge_count),
                         (('DEL', self.counter(), self.counter()), judge_count),
                         (('MGET', self.counter(), self.counter()), judge_good))

    def rename(self):
        keys = self.pick((self.key(), self.key()), (self.counter(), self.counter()))
        return (self.pick('RENAME', 'RENAMENX'),) + keys, judge_renamed

    def copy(self):
        database = self.rng.randrange(DATABASES)
        if self.rng.random() < 0.3:
            return ('MOVE', self.key(), database), judge_ok_or(b'ERR source and destination')
        words = ['COPY', self.key(), self.key()]
        words += self.pick([], ['DB', database])
        words += self.pick([], ['REPLACE'])
        return words, judge_ok_or(b'ERR source and destination')

    def expiry(self):
        key = self.key()
        return self.pick(('PEXPIRE', key, self.rng.randint(-1, TTL_MS_MAX)), ('PERSIST', key),
                         ('PTTL', key), ('EXPIRE', key, 0), ('EXPIRETIME', key)), judge_count

    def scan(self):
        words = ['SCAN', self.pick(0, 0, self.rng.randrange(1 << 20))]
        words += self.pick([], ['COUNT', self.pick(1, 100, 10000)])
        words += self.pick([], ['MATCH', self.pick('*', 's:1*', '{a}*')])
        return words, judge_scan

    def keyspace(self):
        return self.pick((('KEYS', self.pick('*', 's:?', 'c:*')), judge_keys),
                         (('RANDOMKEY',), judge_key), (('DBSIZE',), judge_count),
                         (('INFO', 'keyspace'), judge_good))

    def world(self):
        return self.pick(('FLUSHALL',), ('FLUSHALL', 'ASYNC'), ('FLUSHDB',), ('FLUSHDB', 'SYNC'),
                         ('SWAPDB', self.rng.randrange(DATABASES),
                          self.rng.randrange(DATABASES))), judge_ok

    def select(self):
        return ('SELECT', self.rng.randrange(DATABASES)), judge_ok

    def protocol(self):
        if not self.keeps_name and self.rng.random() < 0.1:
            return ('RESET',), judge_good
        return ('HELLO', self.pick(2, 3)), judge_good

    def client(self):
        words = [('CLIENT', 'LIST'), ('CLIENT', 'INFO'), ('CLIENT', 'ID'), ('CLIENT', 'GETNAME'),
                 ('CLIENT', 'NO-TOUCH', self.pick('ON', 'OFF')), ('CLIENT', 'UNBLOCK', 1),
                 ('CLIENT', 'LIST', 'TYPE', 'normal'), ('CLIENT', 'GETREDIR')]
        if not self.keeps_name:
            words.append(('CLIENT', 'SETNAME', 'w%d' % self.rng.randrange(100)))
        return self.rng.choice(words), judge_good

    def pause(self):
        return self.pick(('CLIENT', 'PAUSE', self.rng.randint(1, 30), self.pick('ALL', 'WRITE')),
                         ('CLIENT', 'UNPAUSE')), judge_ok

    def server(self):
        return self.pick(('INFO',), ('INFO', 'everything'), ('INFO', 'commandstats'), ('TIME',),
                         ('SLOWLOG', 'GET', self.pick(1, 10, -1)), ('SLOWLOG', 'LEN'),
                         ('SLOWLOG', 'RESET'), ('LATENCY', 'LATEST'), ('LATENCY', 'RESET'),
                         ('LATENCY', 'HISTOGRAM', 'get', 'mset'), ('MEMORY', 'PURGE'),
                         ('MEMORY', 'STATS'), ('MEMORY', 'USAGE', self.key()), ('ROLE',),
                         ('COMMAND', 'COUNT'), ('COMMAND', 'INFO', 'get'),
                         ('WAIT', 0, 10), ('LOLWUT',)), judge_good

    def config(self):
        if self.rng.random() < 0.3:
            return self.pick(('CONFIG', 'GET', '*'), ('CONFIG', 'GET', 'max*', 'slow*'),
                             ('CONFIG', 'RESETSTAT')), judge_good
        name, values = self.pick(
            ('slowlog-log-slower-than', (-1, 0, 10, 10000)), ('slowlog-max-len', (0, 1, 128)),
            ('latency-monitor-threshold', (0, 1, 100)), ('hz', (1, 10, 100)),
            ('maxclients', (5000, 10000)), ('tcp-keepalive', (0, 300)), ('timeout', (0, 300)),
            ('lazyfree-lazy-user-del', ('yes', 'no')), ('lazyfree-lazy-expire', ('yes', 'no')),
            ('lazyfree-lazy-user-flush', ('yes', 'no')), ('latency-tracking', ('yes', 'no')),
            ('proto-max-bulk-len', ('8mb', '512mb')))
        return ('CONFIG', 'SET', name, self.rng.choice(values)), judge_ok

    def debug(self):
        return self.pick((('DEBUG', 'DIGEST'), judge_good),
                         (('DEBUG', 'DIGEST-VALUE', self.key()), judge_good),
                         (('DEBUG', 'OBJECT', self.key()), judge_digest),
                         (('DEBUG', 'SLEEP', '0.002'), judge_ok),
                         (('OBJECT', 'ENCODING', self.key()), judge_digest))

    def silent(self):
        """CLIENT REPLY: commands that get no answer."""
        words, _ = self.get()
        if self.rng.random() < 0.5:
            return Command(cmd('CLIENT', 'REPLY', 'SKIP') + cmd(*words), judge_any, 0)
        several = b''.join(cmd(*self.mset()[0]) + cmd(*self.scan()[0]) for _ in range(3))
        return Command(cmd('CLIENT', 'REPLY', 'OFF') + several + cmd('CLIENT', 'REPLY', 'ON'),
                       judge_ok)

    def wrong(self):
        """A command with a word lost, doubled or replaced: any one reply will do. None of these
        becomes something that changes who is connected or how many replies there are."""
        words, _ = self.pick(self.get, self.mget, self.rename, self.copy, self.expiry, self.scan,
                             self.delete)()
        words = list(words)
        at = self.rng.randrange(1, len(words))
        luck = self.rng.random()
        if words[0] in ('RENAME', 'RENAMENX', 'COPY', 'MOVE'):
            words[0] = 'NOSUCH'  # or a key could get a name that is not ours
        elif luck < 0.3:
            del words[at]
        elif luck < 0.5:
            words.insert(at, words[at])
        else:
            words[at] = self.rng.choice(WEIRD)
        return Command(cmd(*words), judge_any)
