"""Starts servers for tests: slipring, redis or valkey, told apart by what --version says.

Each gets a free port on 127.0.0.1, a temporary directory of its own and a log. stop() ends it by
its process id and fails if it died, asserted or made a sanitizer speak in the meantime.
"""
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from harness.resp import Closed, Conn, Timeout

START_S_MAX = 30.0
STOP_S_MAX = 60.0
# What must not be in a log, whoever wrote it.
BAD_LOG = re.compile(
    r'ERROR: (Address|Leak|Memory|Undefined)Sanitizer|WARNING: ThreadSanitizer|runtime error:'
    r'|[Aa]ssertion .*failed|ASSERTION FAILED|BUG REPORT START|crashed by signal|SL_ASSERT', re.M)


class ServerFailure(AssertionError):
    """The server itself misbehaved: it did not start, died, or complained in its log."""


def free_port():
    with socket.socket() as sock:
        sock.bind(('127.0.0.1', 0))
        return sock.getsockname()[1]


def flavor_of(path):
    """slipring, valkey or redis, with the version: ('redis', (7, 0, 15))."""
    try:
        text = subprocess.run([path, '--version'], capture_output=True, text=True, timeout=20,
                              check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        text = ''
    name = (text or os.path.basename(path)).lower()
    flavor = next((f for f in ('slipring', 'valkey', 'redis') if f in name), 'slipring')
    found = re.search(r'v=(\d+)\.(\d+)\.(\d+)', text)
    return flavor, tuple(int(n) for n in found.groups()) if found else (0, 0, 0)


def peer_path(name):
    """A judge from PEERS=DIR (DIR/bin/<name>), else None."""
    folder = os.environ.get('PEERS')
    if not folder:
        return None
    for path in (os.path.join(folder, 'bin', name), os.path.join(folder, name)):
        if os.access(path, os.X_OK):
            return path
    return None


class Server:
    """A running server. `directives` are pairs, later ones win; a value may be a list of words."""

    def __init__(self, path, shards=None, io_backend=None, directives=(), name=None, env=None,
                 rlimits=None, expect_start=True):
        self.path = path
        self.flavor, self.version = flavor_of(path)
        self.dir = tempfile.mkdtemp(prefix='slipring-test-')
        self.log_path = os.path.join(self.dir, 'server.log')
        self.port = free_port()
        self.shards = shards
        self.name = name or (self.flavor + ('/%s shards' % shards
                                            if shards and self.flavor == 'slipring' else ''))
        pairs = [('port', str(self.port)), ('bind', '127.0.0.1'), ('dir', self.dir), ('save', ''),
                 ('enable-debug-command', 'yes')]
        if self.flavor == 'slipring':
            if shards:
                pairs.append(('shards', str(shards)))
            if io_backend:
                pairs.append(('io-backend', io_backend))
        pairs += list(directives)
        argv = [path]
        for key, value in dict(pairs).items():
            argv.append('--' + key)
            argv += list(value) if isinstance(value, (list, tuple)) else [str(value)]
        self.argv = argv
        self.status = None
        full_env = dict(os.environ)
        full_env.setdefault('ASAN_OPTIONS', 'abort_on_error=0:exitcode=99')
        full_env.setdefault('TSAN_OPTIONS', 'exitcode=99')
        full_env.update(env or {})

        def prepare():
            if rlimits:
                import resource
                for which, pair in rlimits.items():
                    resource.setrlimit(which, pair)

        with open(self.log_path, 'wb') as log:
            self.proc = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                         cwd=self.dir, env=full_env, preexec_fn=prepare)
        if expect_start:
            self.wait_ready()

    def wait_ready(self):
        deadline = time.monotonic() + START_S_MAX
        while time.monotonic() < deadline:
            if self.proc.poll() is not None:
                break
            try:
                with Conn(self.port, timeout_s=5) as conn:
                    reply = conn.call('PING')
                    if reply == ('+', b'PONG') or (isinstance(reply, tuple) and
                                                   reply[1].startswith(b'NOAUTH')):
                        return
            except (OSError, Closed, Timeout):
                pass
            time.sleep(0.02)
        text = self.log()
        self.kill()
        raise ServerFailure('%s did not start (%s): %s' % (self.name, ' '.join(self.argv),
                                                           text[-3000:]))

    def conn(self, **kw):
        return Conn(self.port, **kw)

    def log(self):
        try:
            with open(self.log_path, errors='replace') as log:
                return log.read()
        except OSError:
            return ''

    def alive(self):
        return self.proc.poll() is None

    def check(self):
        """Raises if the process died or its log has something that it must not have."""
        text = self.log()
        found = BAD_LOG.search(text)
        if found:
            raise ServerFailure('%s: the log says %r:\n%s'
                                % (self.name, found.group(0), text[max(0, found.start() - 500):
                                                                   found.start() + 4000]))
        if self.proc.poll() is not None:
            raise ServerFailure('%s died with status %s:\n%s'
                                % (self.name, self.proc.returncode, text[-3000:]))

    def wait_exit(self, within_s=STOP_S_MAX):
        """The exit status after something that ends the server."""
        try:
            self.status = self.proc.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerFailure('%s did not exit within %.0f s' % (self.name, within_s)) from None
        return self.status

    def stop(self, check=True):
        """SIGTERM, wait, judge the log and the status, remove the directory."""
        try:
            if check and self.status is None:
                self.check()
            if self.proc.poll() is None:
                self.proc.send_signal(signal.SIGTERM)
            status = self.wait_exit()
            if check:
                found = BAD_LOG.search(self.log())
                if found or status != 0:
                    raise ServerFailure('%s: status %s at the end:\n%s'
                                        % (self.name, status, self.log()[-4000:]))
        finally:
            self.kill()
            shutil.rmtree(self.dir, ignore_errors=True)

    def kill(self):
        if self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait()

    def rss_bytes(self):
        with open('/proc/%d/statm' % self.proc.pid) as statm:
            return int(statm.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.stop(check=kind is None)
