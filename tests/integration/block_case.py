"""What the files of test_blocking.py share."""
from conn_case import Skip, until, want
from harness.resp import cmd, is_error


def has(conn, name):
    return b'unknown command' not in conn.call(name)[1]


def needs(conn, *names):
    """Skips the case if the server lacks one of the commands."""
    for name in names:
        if not has(conn, name):
            raise Skip('the server has no ' + name.upper())


def info(conn, field):
    text = conn.call('INFO', 'clients')
    for line in (text[-1] if isinstance(text, tuple) else text).splitlines():
        if line.startswith(field.encode() + b':'):
            return int(line.split(b':')[1])
    raise KeyError(field)


def until_blocked(conn, count):
    until(lambda: info(conn, 'blocked_clients') == count, what='%d blocked clients' % count)


class Blocked:
    """A connection of its own that has sent a command which blocks."""

    def __init__(self, server, asker, *words):
        self.conn = server.conn()
        self.id = self.conn.call('CLIENT', 'ID')
        count = info(asker, 'blocked_clients')
        self.conn.send(cmd(*words))
        until_blocked(asker, count + 1)

    def reply(self):
        return self.conn.read()

    def is_waiting(self):
        """It gets no answer within a moment."""
        self.conn.sock.settimeout(0.05)
        try:
            self.conn.sock.recv(1)
        except TimeoutError:
            return True
        finally:
            self.conn.sock.settimeout(self.conn.timeout_s)
        return False

    def close(self):
        self.conn.close()


def is_null(value):
    return value in (None, ('*-1',), ('_',))


def want_error(reply, start):
    want(is_error(reply) and reply[1].startswith(start), 'not an error', start, 'but', reply)
