"""What the connection tests share: how a case is declared, and how it gets its servers."""
import time

from harness.server import Server

CASES = []


class Skip(Exception):
    """The case cannot be run here; the text says why."""


class Failure(AssertionError):
    pass


def case(func):
    """A test. Its name is a sentence with underscores; it takes a Bench."""
    CASES.append(func)
    return func


def want(condition, *what):
    if not condition:
        raise Failure(' '.join(w if isinstance(w, str) else repr(w)[:600] for w in what))


def until(condition, within_s=10.0, what='it'):
    """Waits until condition() holds."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise Failure('%s did not happen within %.0f s' % (what, within_s))
        time.sleep(0.02)


def connected(conn):
    """connected_clients of INFO, of this connection's server."""
    text = conn.call('INFO', 'clients')
    text = text[-1] if isinstance(text, tuple) else text
    for line in text.splitlines():
        if line.startswith(b'connected_clients:'):
            return int(line.split(b':')[1])
    raise Failure('INFO clients has no connected_clients')


def alone(conn):
    """1, once this connection is the only one: the one that waited for the start has left."""
    until(lambda: connected(conn) == 1, what='being the only client')
    return 1


class Bench:
    """Starts servers for one case and stops all of them at its end."""

    def __init__(self, args, shards):
        self.args = args
        self.shards = shards
        self.quick = args.quick
        self.servers = []

    def server(self, *directives, **kw):
        server = Server(self.args.server, shards=self.shards, io_backend=self.args.io_backend,
                        directives=directives, **kw)
        self.servers.append(server)
        return server

    def judge(self, *directives):
        server = Server(self.args.judge, directives=directives, name='judge')
        self.servers.append(server)
        return server

    def stop(self, check):
        for server in self.servers:
            if server.status is None:
                server.stop(check=check)
            else:
                server.stop(check=False)
        self.servers = []
