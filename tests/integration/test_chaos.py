#!/usr/bin/env python3
"""Many connections do everything at once, and badly; the server must neither hang nor lose count.

  tests/integration/test_chaos.py --server PATH [--io-backend B] [--shards 1,2,4] [--quick]
                                  [--seconds N] [--seed S]

Each worker is a connection that sends random pipelines (chaos_mix.py). What is judged:

  marker     each pipeline ends with ECHO; it comes back, after as many replies as there were
             commands, within MARKER_S_MAX
  replies    a value is whole and of one piece, a key is one of ours, an error is one that the
             command explains
  closing    only a connection that somebody killed, or that asked for it, is ever closed
  listening  beside all that the port and the addresses change, monitors come and go, connections
             are reset, half closed, or send what is no RESP
  the end    every connection answers a PING after a silence; DBSIZE is what KEYS and SCAN find; keys
             that expire are gone SOON_S after their time; SIGTERM ends the server with status 0
             and nothing bad in its log

Runs on 1, 2 and 4 shards, with sleeping shards lent and not lent.
"""
import argparse
import multiprocessing
import os
import random
import socket
import struct
import sys
import threading
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))

from chaos_mix import DATABASES, TTL_MS_MAX, Mix, Wrong  # noqa: E402
from harness.resp import Closed, Conn, ProtocolError, Timeout, cmd, is_error  # noqa: E402
from harness.server import Server, ServerFailure, free_port  # noqa: E402

SECONDS_FULL = 40.0
SECONDS_QUICK = 10.0
PROCESSES = 3
THREADS = 6
IDLE_CONNECTIONS = 8
MARKER_S_MAX = 20.0
CONNECT_S_MAX = 20.0
SOON_S = 0.2
NOT_RESP = (b'*1\r\n$abc\r\n', b'*3\r\nSET\r\n', b'*99999999999\r\n', b'*1\r\n$536870999\r\n',
            b'*1\r\n:1\r\n')
NOTHING = (0, 0, 0.0)  # commands, killed, seconds of the slowest pipeline
BAD = (Wrong, Closed, Timeout, ProtocolError, OSError)


def connect(ports):
    """A connection that works. The port may change meanwhile: what was not accepted yet is reset."""
    deadline = time.monotonic() + CONNECT_S_MAX
    while True:
        for port in ports:
            conn = None
            try:
                conn = Conn(port, timeout_s=MARKER_S_MAX)
                if conn.sock.getsockname() == conn.sock.getpeername():
                    raise Closed('connected to itself')
                if conn.call('PING') != ('+', b'PONG'):
                    raise Wrong('no PONG on a new connection')
                return conn
            except (OSError, Closed):
                if conn:
                    conn.close()
        if time.monotonic() > deadline:
            raise Timeout('no connection within %.0f s' % CONNECT_S_MAX)
        time.sleep(0.01)


def reset(conn):
    """Closes with RST instead of FIN."""
    conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    conn.close()


class Worker:
    """One connection and its successors."""

    def __init__(self, ports, seed, number):
        self.rng = random.Random('%s/%d' % (seed, number))
        self.number = number
        self.ports = ports
        self.mortal = number % 3 == 0  # may be killed by others
        self.mix = Mix(self.rng, keeps_name=self.mortal)
        self.serial = 0
        self.commands = 0
        self.killed = 0
        self.slowest_s = 0.0
        self.doing = ''
        self.conn = None
        self.open()

    def open(self):
        self.conn = connect(self.ports)
        if self.mortal:
            self.conn.call('CLIENT', 'SETNAME', 'mortal')

    def step(self):
        """Something, whole. Mortals may be cut off in the middle."""
        action = self.rng.choices(
            (self.converse, self.kill, self.leave, self.half_close, self.offend, self.read_late),
            (930, 12, 25, 10, 10, 13))[0]
        self.doing = action.__name__
        try:
            action()
        except Closed:
            if not self.mortal:
                raise
            self.killed += 1
            self.conn.close()
            self.open()
        if self.rng.random() < 0.15:
            time.sleep(self.rng.random() * 0.03)  # long enough for shards to fall asleep

    def converse(self):
        self.exchange(self.mix.pipeline())

    def exchange(self, commands, wait_s=0.0):
        self.serial += 1
        marker = b'marker %d-%d' % (self.number, self.serial)
        data = b''.join(command.data for command in commands) + cmd('ECHO', marker)
        started = time.monotonic()
        if len(data) < 4000 and self.rng.random() < 0.1:
            self.send_in_pieces(data)
        else:
            self.conn.exchange_send(data)
        time.sleep(wait_s)
        for command in commands:
            for _ in range(command.replies):
                reply = self.conn.read()
                try:
                    command.judge(reply)
                except Wrong as err:
                    raise Wrong('%s after %r' % (err, command.data[:200])) from None
        reply = self.conn.read()
        if reply != marker:
            raise Wrong('%r instead of %r after %r' % (reply, marker, data[:2000]))
        if self.conn.buf:
            raise Wrong('more than was asked for: %r' % bytes(self.conn.buf[:200]))
        took = time.monotonic() - started - wait_s
        self.slowest_s = max(self.slowest_s, took)
        if took > MARKER_S_MAX:
            raise Timeout('the marker came after %.1f s' % took)
        self.commands += len(commands) + 1

    def send_in_pieces(self, data):
        at = 0
        while at < len(data):
            size = self.rng.choice((1, 3, 17, 100, 1000))
            self.conn.send(data[at:at + size])
            at += size
            if self.rng.random() < 0.2:
                time.sleep(0.001)

    def read_late(self):
        commands = [command for _ in range(5) for command in self.mix.pipeline()]
        self.exchange(commands, wait_s=self.rng.random() * 0.2)

    def kill(self):
        """Kills one of those that are called mortal; it may be this one."""
        rows = self.conn.call('CLIENT', 'LIST')
        rows = rows[-1] if isinstance(rows, tuple) else rows
        ids = [dict(word.split(b'=', 1) for word in row.split())[b'id']
               for row in rows.splitlines() if b' name=mortal ' in row]
        if not ids:
            return
        before = b''.join(command.data for command in self.mix.pipeline() if command.replies == 1)
        self.conn.exchange_send(before + cmd('CLIENT', 'KILL', 'ID', self.rng.choice(ids)) +
                                cmd('ECHO', 'killed'))
        while self.conn.read() != b'killed':
            pass

    def leave(self):
        """Goes away before the replies are there, politely or not."""
        data = b''.join(command.data for command in self.mix.pipeline() if len(command.data) < 9000)
        if self.rng.random() < 0.5:
            data = data[:self.rng.randrange(len(data) + 1)]  # in the middle of a command
        self.conn.send(data[:1 << 16])
        if self.rng.random() < 0.5:
            time.sleep(self.rng.random() * 0.01)
        self.rng.choice((reset, Conn.close))(self.conn)
        self.open()

    def half_close(self):
        """The server sees the end of the stream, and closes."""
        self.end_with(b'', half=True)

    def offend(self):
        """What is no RESP ends the connection, after an error; QUIT does, after OK."""
        if self.rng.random() < 0.5:
            self.end_with(cmd('QUIT'), half=False)
        else:
            self.end_with(self.rng.choice(NOT_RESP), half=False)

    def end_with(self, data, half):
        commands = [command for command in self.mix.pipeline() if len(command.data) < 2000]
        request = b''.join(command.data for command in commands) + data
        try:
            self.conn.send(request)
            if half:
                self.conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # killed meanwhile
        if not self.conn.is_closed(MARKER_S_MAX):
            raise Timeout('not closed after %r; the end of what came: %r'
                          % (request[-1500:], bytes(self.conn.buf[-200:])))
        self.conn.close()
        self.open()

    def finish(self):
        """After a silence the connection still works; what it learned of is discarded."""
        self.doing = 'finish'
        for _ in range(2):
            try:
                self.exchange([])
                time.sleep(0.3)
                if self.conn.call('PING') != ('+', b'PONG'):
                    raise Wrong('no PONG at the end')
                break
            except Closed:
                if not self.mortal:
                    raise
                self.conn.close()
                self.open()
        self.conn.close()


def work(ports, seed, number, stop, tell):
    """A worker's whole life. A failure ends everybody's."""
    worker = None
    try:
        worker = Worker(ports, seed, number)
        while not stop.is_set():
            worker.step()
        worker.finish()
        tell(number, (worker.commands, worker.killed, worker.slowest_s), None)
    except BAD as err:
        stop.set()
        tell(number, NOTHING, '%s: %s: %s' % (worker.doing if worker else 'open',
                                              type(err).__name__, err))
    except Exception:
        stop.set()
        tell(number, NOTHING, traceback.format_exc())


def process(ports, seed, first, stop, results):
    def tell(*what):
        results.put(what)
    threads = [threading.Thread(target=work, args=(ports, seed, first + n, stop, tell))
               for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def monitor(ports, rng, stop):
    """MONITOR, for a while, again and again. Reads all that comes: there is no limit on it."""
    while not stop.is_set():
        conn = connect(ports)
        conn.send(cmd('MONITOR'))
        until = time.monotonic() + rng.random() * 0.6
        conn.sock.settimeout(0.05)
        first = b''
        while time.monotonic() < until and not stop.is_set():
            try:
                data = conn.sock.recv(1 << 18)
            except socket.timeout:
                continue
            if not data:
                raise Closed('a monitor was closed')
            first = first or data
        if first and not first.startswith(b'+OK\r\n'):
            raise Wrong('MONITOR answers %r' % first[:200])
        rng.choice((reset, Conn.close))(conn)
        time.sleep(rng.random() * 0.4)


def listen_elsewhere(ports, rng, stop):
    """The port and the addresses change, and change back; this connection stays."""
    conn = connect(ports)
    here = 0
    while not stop.is_set():
        time.sleep(0.1 + rng.random() * 0.5)
        if rng.random() < 0.5:
            reply = conn.call('CONFIG', 'SET', 'bind', rng.choice(
                ('127.0.0.1', '127.0.0.1 -::1', '127.0.0.1 127.0.0.2', '*')))
        else:
            # Meanwhile somebody's outgoing connection may have got the number: then not.
            reply = conn.call('CONFIG', 'SET', 'port', ports[1 - here])
            if reply == ('+', b'OK'):
                here = 1 - here
            elif b'Unable to listen on' in reply[1]:
                continue
        if reply != ('+', b'OK'):
            raise Wrong('CONFIG SET bind or port: %r' % (reply,))
        with Conn(ports[here], timeout_s=MARKER_S_MAX) as other:
            if other.call('PING') != ('+', b'PONG'):
                raise Wrong('no PONG on the new port')
    conn.close()


def helper(func, ports, seed, stop, problems):
    try:
        func(ports, random.Random('%s/%s' % (seed, func.__name__)), stop)
    except Exception as err:
        problems.append('%s: %s: %s' % (func.__name__, type(err).__name__, err))
        stop.set()


def count_keys(conn, database):
    """DBSIZE, what KEYS finds, what SCAN finds, in databases where nothing happens."""
    conn.call('SELECT', database)
    found, cursor = set(), b'0'
    while True:
        cursor, page = conn.call('SCAN', cursor, 'COUNT', 1000)
        found.update(page)
        if cursor == b'0':
            break
    keys = conn.call('KEYS', '*')
    if len(set(keys)) != len(keys):
        return ['KEYS of database %d names a key twice' % database]
    size = conn.call('DBSIZE')
    if not size == len(keys) == len(found) or set(keys) != found:
        return ['database %d: DBSIZE %d, KEYS %d, SCAN %d' % (database, size, len(keys),
                                                              len(found))]
    return []


def expire_all(conn):
    """Keys that nobody looks at are gone in time, in two databases."""
    for database in (0, DATABASES + 1):
        conn.pipeline([('SELECT', database), ('FLUSHDB',), ('SET', 'stays', 'x')])
        for _ in range(4):
            conn.pipeline([('SET', 'gone:%d' % random.randrange(1 << 30), 'x', 'PX',
                            random.randint(1, TTL_MS_MAX)) for _ in range(250)])
    time.sleep(TTL_MS_MAX / 1000 + SOON_S)
    problems = []
    for database in (0, DATABASES + 1):
        conn.call('SELECT', database)
        size = conn.call('DBSIZE')
        if size != 1:
            problems.append('%d keys of database %d are there %.1f s after their time'
                            % (size - 1, database, SOON_S))
    return problems


def judge_end(server, ports, idle):
    """The complaints about what is left when everybody has gone."""
    problems = []
    for number, conn in enumerate(idle):
        if conn.call('PING') != ('+', b'PONG'):
            problems.append('idle connection %d: no PONG' % number)
    with connect(ports) as conn:
        conn.call('CLIENT', 'UNPAUSE')
        time.sleep(TTL_MS_MAX / 1000 + SOON_S)  # what had a time to live is gone
        conn.call('CONFIG', 'SET', 'port', server.port)
        for database in range(DATABASES):
            problems += count_keys(conn, database)
        problems += expire_all(conn)
        if is_error(conn.call('DEBUG', 'DIGEST')):
            problems.append('no DEBUG DIGEST')
    return problems


def collect(results, procs, stop, seconds):
    """Lets everybody work, then hears what they say: like NOTHING, and the problems."""
    stop.wait(seconds)
    stop.set()
    deadline = time.monotonic() + 2 * MARKER_S_MAX + CONNECT_S_MAX
    done = []
    problems = []
    for _ in range(PROCESSES * THREADS):
        try:
            number, what, problem = results.get(timeout=max(0.1, deadline - time.monotonic()))
        except Exception:
            problems.append('a worker never came back')
            break
        done.append(what)
        if problem:
            problems.append('worker %d: %s' % (number, problem))
    for proc in procs:
        proc.join(5)
        if proc.is_alive():
            proc.terminate()
            proc.join()
    commands, killed, slowest_s = zip(*(done or [NOTHING]))
    return (sum(commands), sum(killed), max(slowest_s)), problems


def run(server, seconds, seed):
    """Returns what was done, like NOTHING, and the complaints."""
    ports = (server.port, free_port())
    idle = [connect(ports) for _ in range(IDLE_CONNECTIONS)]
    stop = multiprocessing.Event()
    results = multiprocessing.Queue()
    procs = [multiprocessing.Process(target=process, daemon=True,
                                     args=(ports, seed, n * THREADS, stop, results))
             for n in range(PROCESSES)]
    for proc in procs:
        proc.start()
    problems = []
    helpers = [threading.Thread(target=helper, args=(func, ports, seed, stop, problems))
               for func in (monitor, listen_elsewhere)]
    for thread in helpers:
        thread.start()
    done, more = collect(results, procs, stop, seconds)
    for thread in helpers:
        thread.join()
    problems += more
    if not problems:
        try:
            problems = judge_end(server, ports, idle)
        except BAD as err:
            problems.append('at the end: %s: %s' % (type(err).__name__, err))
    for conn in idle:
        conn.close()
    return done, problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--server', required=True)
    parser.add_argument('--io-backend', default='auto')
    parser.add_argument('--shards', default='1,2,4')
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--seconds', type=float)
    parser.add_argument('--seed', type=int, default=None)
    args = parser.parse_args()
    seed = args.seed if args.seed is not None else int(time.time())
    seconds = args.seconds or (SECONDS_QUICK if args.quick else SECONDS_FULL)
    ways = [(int(n), lend) for n in args.shards.split(',')
            for lend in (('yes',) if n == '1' else ('yes', 'no'))]
    failed = False
    print('seed %d' % seed)
    for shards, lend in ways:
        directives = [('lend-sleeping-shards', lend), ('loglevel', 'warning')]
        try:
            with Server(args.server, shards=shards, io_backend=args.io_backend,
                        directives=directives) as server:
                done, problems = run(server, seconds / len(ways), seed)
                server.check()
        except ServerFailure as err:
            done, problems = NOTHING, [str(err)]
        print('%d shards, lending %-3s %8d commands, %4d killed, slowest %5.2f s  %s' % (
            (shards, lend) + done + ('FAILED' if problems else 'ok',)), flush=True)
        for problem in problems:
            print('    ' + problem[:4000])
            failed = True
    print('FAIL' if failed else 'PASS')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
