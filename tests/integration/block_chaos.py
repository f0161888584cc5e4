"""Blocking tests: 200 clients at once, and a count of where each element went.

Clients push, pop from several keys, move, time out, are unblocked and killed. Each element has a name of
its own, so that one delivered twice shows. One that is neither delivered nor left must have been owed to
a client that was killed. At the end nobody may wait for a key that is not empty.
"""
import random
import selectors
import time

from block_case import has, info, is_null
from conn_case import Skip, case, until, want
from harness.resp import Incomplete, cmd, is_error, parse

CLIENTS = 200
KEYS = 100
SECONDS_FULL = 30.0
SECONDS_QUICK = 10.0
QUIET_S = 0.5
COUNT_MAX = 3  # of BLMPOP and its kind


class Client:
    def __init__(self, chaos, role):
        self.chaos = chaos
        self.role = role
        self.open()

    def open(self):
        self.conn = self.chaos.server.conn()
        self.id = self.conn.call('CLIENT', 'ID')
        self.conn.sock.setblocking(False)
        self.chaos.selector.register(self.conn.sock, selectors.EVENT_READ, self)
        self.words = None  # what it has asked

    def ask(self, words):
        self.words = words
        self.conn.sock.sendall(cmd(*words))

    def readable(self):
        try:
            data = self.conn.sock.recv(65536)
        except BlockingIOError:
            return
        except ConnectionResetError:
            data = b''
        self.conn.buf += data
        while self.conn.buf:
            try:
                value, pos = parse(self.conn.buf)
            except Incomplete:
                break
            del self.conn.buf[:pos]
            words, self.words = self.words, None
            self.chaos.answered(self, words, value)
        if not data:
            self.chaos.closed(self)


class Chaos:
    def __init__(self, server, admin, seed):
        self.server = server
        self.admin = admin
        self.rng = random.Random(seed)
        self.selector = selectors.DefaultSelector()
        self.serial = 0
        self.pushed, self.delivered = set(), set()
        self.may_be_lost = 0
        self.killed, self.unblocks_sent, self.unblocked, self.errors_seen, self.timeouts = 0, 0, 0, 0, 0
        self.is_ending = False
        self.has = {name: has(admin, name)
                    for name in ('blpop', 'blmove', 'blmpop', 'bzpopmin', 'bzmpop', 'xreadgroup')}
        if self.has['xreadgroup']:
            for n in range(KEYS // 10):
                admin.call('XGROUP', 'CREATE', 's%d' % n, 'g', '$', 'MKSTREAM')
        self.clients = [Client(self, 'push' if n % 4 == 0 else 'pop') for n in range(CLIENTS)]

    def key(self, kind):
        """Few of the keys are asked for often."""
        n = self.rng.randrange(KEYS if self.rng.random() < 0.3 else KEYS // 10)
        return '%s%d' % (kind, n)

    def keys(self, kind):
        return [self.key(kind) for _ in range(self.rng.randint(1, 5))]

    def push(self):
        kinds = [k for k, name in (('l', 'blpop'), ('z', 'bzpopmin'), ('s', 'xreadgroup')) if self.has[name]]
        kind = self.rng.choice(kinds)
        names = []
        for _ in range(self.rng.choice((1, 1, 1, 2, 4))):
            self.serial += 1
            names.append('e%d' % self.serial)
        if kind == 'z':
            members = [word for name in names for word in (str(self.rng.randrange(100)), name)]
            return ('ZADD', self.key('z'), *members)
        if kind == 's':
            return ('XADD', 's%d' % self.rng.randrange(KEYS // 10), '*', 'e', names[0])
        return (self.rng.choice(('LPUSH', 'RPUSH')), self.key('l'), *names)

    def pop(self):
        timeout = self.rng.choice(('0', '0', '0.001', '0.01', '0.05', '0.3'))
        ways = []
        if self.has['blpop']:
            ways += [lambda: (self.rng.choice(('BLPOP', 'BRPOP')), *self.keys('l'), timeout)] * 3
        if self.has['blmove']:
            ways.append(lambda: ('BLMOVE', self.key('l'), self.key('l'), 'LEFT', 'RIGHT', timeout))
        if self.has['bzpopmin']:
            ways.append(lambda: (self.rng.choice(('BZPOPMIN', 'BZPOPMAX')), *self.keys('z'), timeout))
        if self.has['blmpop']:
            ways.append(lambda: self.mpop('BLMPOP', 'l', 'LEFT', timeout))
        if self.has['bzmpop']:
            ways.append(lambda: self.mpop('BZMPOP', 'z', 'MIN', timeout))
        if self.has['xreadgroup']:
            ways.append(lambda: ('XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', str(COUNT_MAX), 'NOACK', 'BLOCK',
                                 str(int(float(timeout) * 1000)), 'STREAMS',
                                 's%d' % self.rng.randrange(KEYS // 10), '>'))
        return self.rng.choice(ways)()

    def mpop(self, name, kind, where, timeout):
        keys = self.keys(kind)
        return (name, timeout, str(len(keys)), *keys, where, 'COUNT', str(COUNT_MAX))

    # What happens.

    def answered(self, client, words, value):
        if client.role == 'push':
            want(not is_error(value), words, 'is answered with', value)
            self.pushed.update(w for w in words[2:] if w.startswith('e') and w != 'e')
        elif is_null(value):
            self.timeouts += 1
        elif is_error(value):
            want(value[1].startswith(b'UNBLOCKED'), words, 'is answered with', value)
            self.errors_seen += 1
        else:
            self.take(words, value)
        self.next(client)

    def take(self, words, value):
        if words[0] in ('BLMOVE',):
            return
        if words[0] in ('BLMPOP', 'BZMPOP'):
            names = [item[0] if isinstance(item, list) else item for item in value[1]]
        elif words[0] == 'XREADGROUP':
            names = [fields[1] for _, fields in value[0][1]]
        else:
            names = [value[1]]
        for name in names:
            name = name.decode()
            want(name not in self.delivered, name, 'was delivered twice, the second time to', words)
            self.delivered.add(name)

    def closed(self, client):
        self.selector.unregister(client.conn.sock)
        client.conn.close()
        want(client.role == 'pop', 'a pusher was closed')
        if client.words is not None:
            self.may_be_lost += COUNT_MAX
        client.open()
        self.next(client)

    def next(self, client):
        if client.role == 'push':
            client.conn.pause_until = time.monotonic() + self.rng.random() * 0.02
        elif not self.is_ending:
            client.ask(self.pop())

    def trouble(self):
        client = self.rng.choice([c for c in self.clients if c.role == 'pop'])
        if self.rng.random() < 0.2:
            self.killed += self.admin.call('CLIENT', 'KILL', 'ID', client.id)
        else:
            self.unblocks_sent += 1
            self.unblocked += self.admin.call('CLIENT', 'UNBLOCK', client.id, 'ERROR')

    def turn(self, wait_s):
        for key, _ in self.selector.select(wait_s):
            key.data.readable()

    def run(self, seconds):
        end = time.monotonic() + seconds
        for client in self.clients:
            self.next(client)
        while time.monotonic() < end:
            now = time.monotonic()
            for client in self.clients:
                if client.role == 'push' and client.words is None and client.conn.pause_until <= now:
                    client.ask(self.push())
            self.turn(0.002)
            if self.rng.random() < 0.3:
                self.trouble()

    def quiet(self):
        """Until nothing was heard for a while; nobody starts anything new."""
        self.is_ending = True
        quiet_since = time.monotonic()
        while time.monotonic() < quiet_since + QUIET_S:
            before = (len(self.delivered), self.timeouts, self.errors_seen,
                      sum(c.words is not None for c in self.clients))
            self.turn(0.05)
            if before != (len(self.delivered), self.timeouts, self.errors_seen,
                          sum(c.words is not None for c in self.clients)):
                quiet_since = time.monotonic()

    def judge(self):
        admin = self.admin
        waiting = [c for c in self.clients if c.words is not None]
        want(all(c.role == 'pop' for c in waiting), 'a push was not answered')
        left = set()
        for n in range(KEYS):
            if self.has['blpop']:
                left.update(e.decode() for e in admin.call('LRANGE', 'l%d' % n, '0', '-1'))
            if self.has['bzpopmin']:
                left.update(m.decode() for m in admin.call('ZRANGE', 'z%d' % n, '0', '-1'))
        for client in waiting:
            for word in client.words[1:]:
                if word[0] in 'lz' and word[1:].isdigit() and not (
                        client.words[0] == 'BLMOVE' and word == client.words[2]):
                    want(admin.call('EXISTS', word) == 0, client.words, 'waits, and there is', word)
        until(lambda: info(admin, 'blocked_clients') == len(waiting), what='%d blocked' % len(waiting))
        both = left & self.delivered
        want(not both, 'delivered and still there:', sorted(both)[:10])
        unknown = (left | self.delivered) - self.pushed
        want(not unknown, 'never pushed:', sorted(unknown)[:10])
        missing = self.pushed - left - self.delivered
        if self.has['xreadgroup']:
            for n in range(KEYS // 10):  # what no consumer has seen yet
                for _, fields in admin.call('XREADGROUP', 'GROUP', 'g', 'last', 'NOACK', 'STREAMS',
                                            's%d' % n, '>')[0][1] if self.unread(n) else []:
                    missing.discard(fields[1].decode())
        want(len(missing) <= self.may_be_lost, len(missing), 'elements are lost, of at most',
             self.may_be_lost, 'owed to clients that were killed:', sorted(missing)[:10])
        want(self.errors_seen <= self.unblocked <= self.errors_seen + self.killed,
             'CLIENT UNBLOCK answered 1', self.unblocked, 'times,', self.errors_seen, 'were told so')
        for client in waiting:
            want(admin.call('CLIENT', 'UNBLOCK', client.id) == 1, 'not blocked:', client.words)
        until(lambda: info(admin, 'blocked_clients') == 0, what='nobody blocked')

    def unread(self, n):
        """The stream has entries behind the group's last."""
        for group in self.admin.call('XINFO', 'GROUPS', 's%d' % n):
            fields = dict(zip(group[::2], group[1::2]))
            last = self.admin.call('XREVRANGE', 's%d' % n, '+', '-', 'COUNT', '1')
            return bool(last) and last[0][0] != fields[b'last-delivered-id']
        return False


@case
def each_element_goes_to_exactly_one_client(bench):
    server = bench.server()
    seed = random.randrange(1 << 30)
    with server.conn() as admin:
        chaos = Chaos(server, admin, seed)
        if not chaos.has['blpop'] and not chaos.has['bzpopmin']:
            raise Skip('the server has no BLPOP')
        try:
            chaos.run(SECONDS_QUICK if bench.quick else SECONDS_FULL)
            chaos.quiet()
            chaos.judge()
        except Exception:
            print('seed %d' % seed)
            raise
        print('    %d pushed, %d delivered, %d timeouts, %d unblocked, %d killed' % (
            len(chaos.pushed), len(chaos.delivered), chaos.timeouts, chaos.unblocked, chaos.killed))
