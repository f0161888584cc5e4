"""Servers under test: where they are, how each is started, and a word with it while it runs.

Every one listens on 127.0.0.1, on a free port, in a temporary directory of its own, keeps nothing
on disk and runs one shard, or one I/O thread, unless asked for more. It is pinned with taskset and
ended by its process id. A peer may be a wrapper that execs a loader of its own: the pid stays good
while the name in /proc is the loader's, so all figures go by the pid.
"""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass

import machine

START_S_MAX = 30.0
STOP_S_MAX = 60.0
RESP, MEMCACHE = 'resp', 'memcache'


class ServerFailure(Exception):
    """A server did not start, or died, or refused what every server takes."""


def _redis_args(port, folder, threads):
    return ['--port', str(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '',
            '--appendonly', 'no', '--protected-mode', 'no', '--io-threads', str(threads)]


def _slipring_args(port, folder, threads):
    return ['--port', str(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '',
            '--appendonly', 'no', '--protected-mode', 'no', '--shards', str(threads)]


def _memcached_args(port, folder, threads):
    del folder
    user = ['-u', 'root'] if os.geteuid() == 0 else []
    return ['-l', '127.0.0.1', '-p', str(port), '-U', '0', '-t', str(threads), '-m', '8192',
            '-c', '4096'] + user


def _dragonfly_args(port, folder, threads):
    return ['--port=%d' % port, '--bind=127.0.0.1', '--dir=' + folder, '--dbfilename=',
            '--proactor_threads=%d' % threads, '--logtostderr']


def _pogocache_args(port, folder, threads):
    del folder
    return ['-h', '127.0.0.1', '-p', str(port), '-t', str(threads)]


@dataclass(frozen=True)
class Kind:
    """A sort of server. threads_word: what its `threads` are called in a table."""
    name: str
    args: callable
    protocol: str = RESP
    threads_word: str = 'I/O threads'


SUBJECT = 'slipring'
STAND_IN = 'stand-in'
KINDS = {kind.name: kind for kind in (
    Kind('slipring', _slipring_args, threads_word='shards'),
    Kind('valkey9-server', _redis_args),
    Kind('valkey-server', _redis_args),
    Kind('redis-server', _redis_args),
    Kind('redis8-server', _redis_args),
    Kind('memcached', _memcached_args, MEMCACHE, 'threads'),
    Kind('dragonfly', _dragonfly_args, threads_word='threads'),
    Kind('pogocache', _pogocache_args, threads_word='threads'),
)}


def find_program(name):
    """From PEERS=DIR (DIR/bin/NAME or DIR/NAME), else from PATH; None if nowhere."""
    peers = os.environ.get('PEERS')
    for folder in (os.path.join(peers, 'bin'), peers) if peers else ():
        path = os.path.join(folder, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return shutil.which(name)


def version_of(path):
    try:
        done = subprocess.run([path, '--version'], capture_output=True, text=True, timeout=20,
                              check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 'unknown'
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[0].strip() if lines else 'unknown'


def kind_of_subject(path):
    """slipring, or the peer that stands in for it while it is being built."""
    text = (version_of(path) + ' ' + os.path.basename(path)).lower()
    if 'slipring' not in text and ('redis' in text or 'valkey' in text):
        return Kind(STAND_IN, lambda port, folder, threads: _redis_args(port, folder, 1))
    return KINDS[SUBJECT]


def free_port():
    with socket.socket() as sock:
        sock.bind(('127.0.0.1', 0))
        return sock.getsockname()[1]


@dataclass(frozen=True)
class Program:
    """A server that is there."""
    kind: Kind
    path: str
    version: str
    extra: tuple = ()  # for the subject: --io-backend X


class Server:
    """A running server. Use it in a with statement: it is ended whatever happens."""

    def __init__(self, program, cores, threads=1, options=(), label=None):
        self.program = program
        self.protocol = program.kind.protocol
        self.label = label or program.kind.name
        self.dir = tempfile.mkdtemp(prefix='slipring-bench-')
        self.log_path = os.path.join(self.dir, 'server.log')
        self.port = free_port()
        self.argv = ['taskset', '-c', machine.core_list(cores), program.path]
        self.argv += program.kind.args(self.port, self.dir, threads)
        self.argv += list(program.extra) + list(options)
        with open(self.log_path, 'wb') as log:
            self.process = subprocess.Popen(self.argv, cwd=self.dir, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=subprocess.STDOUT)
        self.pid = self.process.pid
        try:
            self._wait_ready()
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stop()

    def _wait_ready(self):
        deadline = time.monotonic() + START_S_MAX
        while True:
            self.check_alive()
            try:
                if self.protocol == MEMCACHE:
                    self._ask(b'version\r\n')
                else:
                    self.command('PING')
                return
            except (OSError, ServerFailure):
                if time.monotonic() > deadline:
                    raise ServerFailure('%s does not answer on port %d:\n%s' % (
                        self.label, self.port, self.log_tail())) from None
                time.sleep(0.02)

    def log_tail(self):
        try:
            with open(self.log_path, encoding='utf-8', errors='replace') as file:
                return ''.join(file.readlines()[-15:])
        except OSError:
            return '(no log)'

    def check_alive(self):
        if self.process.poll() is not None:
            raise ServerFailure('%s ended with status %s:\n%s' % (
                self.label, self.process.returncode, self.log_tail()))

    def _ask(self, request):
        """The first line of the answer, and as many bytes after it as its '$' announces."""
        with socket.create_connection(('127.0.0.1', self.port), timeout=30) as sock:
            sock.sendall(request)
            with sock.makefile('rb') as file:
                line = file.readline()
                if not line:
                    raise ServerFailure('%s closed the connection' % self.label)
                if line[:1] == b'$' and int(line[1:]) >= 0:
                    return line, file.read(int(line[1:]) + 2)[:-2]
                return line, b''

    def command(self, *args):
        """A command with a single-line or bulk reply, over a connection of its own."""
        request = b'*%d\r\n' % len(args)
        for arg in args:
            data = str(arg).encode()
            request += b'$%d\r\n%b\r\n' % (len(data), data)
        line, bulk = self._ask(request)
        if line[:1] == b'-':
            raise ServerFailure('%s to %s: %s' % (self.label, args[0], line.decode().strip()))
        return bulk.decode(errors='replace') if line[:1] == b'$' else line[1:].decode().strip()

    def info(self):
        """INFO everything as a dictionary; empty for a server without it."""
        try:
            text = self.command('INFO', 'everything') if self.protocol == RESP else ''
        except (OSError, ServerFailure):
            text = ''
        pairs = (line.split(':', 1) for line in text.splitlines() if ':' in line)
        return {name: value.strip() for name, value in pairs}

    def counters(self, names):
        info = self.info()
        return {name: int(info[name]) for name in names if info.get(name, '').isdigit()}

    def keys_count(self):
        return int(self.command('DBSIZE'))

    def shown_command(self):
        """What was run, with the values that change from run to run named."""
        text = ' '.join(arg if arg else "''" for arg in self.argv)
        return text.replace(self.dir, 'DIR').replace(str(self.port), 'PORT')

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_S_MAX)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)
