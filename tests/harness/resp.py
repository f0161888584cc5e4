"""RESP2 and RESP3 for tests: an encoder, an exact parser and a blocking connection.

The parser keeps apart whatever a client could tell apart, so that two replies that are equal here
are equal on the wire in everything but the spelling of lengths:

    :1          1                       $3 foo      b'foo'
    +OK         ('+', b'OK')            -ERR x      ('-', b'ERR x')
    $-1         NULL_BULK               *-1         NULL_ARRAY          _   NULL
    *2          [a, b]                  %1          ('%', [(k, v)])     ~1  ('~', [a])
    ,1.5        (',', b'1.5')           #t          ('#', True)         (12 ('(', b'12')
    =7 txt:foo  ('=', b'txt', b'foo')   >1          ('>', [a])          !3  ('!', b'foo')
    |1          ('|', [(k, v)], value): an attribute with the value that it belongs to
"""
import select
import socket
import time

NULL_BULK = ('$-1',)
NULL_ARRAY = ('*-1',)
NULL = ('_',)
NULLS = (NULL_BULK, NULL_ARRAY, NULL)

RECV_BYTES = 1 << 18
DUPLEX_BYTES = 1 << 15  # a request above this is sent and its answer read in turns


class Incomplete(Exception):
    """The buffer ends before the value does."""


class ProtocolError(Exception):
    """The server sent something that is not RESP."""


class Closed(Exception):
    """The server closed the connection."""


class Timeout(Exception):
    """The server did not answer in time."""


def encode(args):
    """One command as an array of bulk strings."""
    parts = [b'*%d\r\n' % len(args)]
    for arg in args:
        parts.append(b'$%d\r\n%b\r\n' % (len(arg), arg))
    return b''.join(parts)


def as_bytes(arg):
    if isinstance(arg, (bytes, bytearray)):
        return bytes(arg)
    return str(arg).encode()


def cmd(*args):
    """encode() for hand-written commands: str and int are fine."""
    return encode([as_bytes(arg) for arg in args])


def parse(buf, pos=0):
    """The value at `pos` and where the next one starts. Raises Incomplete."""
    end = buf.find(b'\r\n', pos)
    if end < 0:
        if len(buf) - pos > 65536 and buf[pos:pos + 1] in (b'$', b'*', b':', b'%'):
            raise ProtocolError('a header without an end: %r' % bytes(buf[pos:pos + 80]))
        raise Incomplete
    kind = buf[pos]
    line = bytes(buf[pos + 1:end])
    pos = end + 2
    if kind == 0x24:  # $
        size = to_int(line)
        if size == -1:
            return NULL_BULK, pos
        if size < 0:
            raise ProtocolError('a bulk string of length %d' % size)
        if len(buf) < pos + size + 2:
            raise Incomplete
        if buf[pos + size:pos + size + 2] != b'\r\n':
            raise ProtocolError('a bulk string without an end')
        return bytes(buf[pos:pos + size]), pos + size + 2
    if kind == 0x3a:  # :
        return to_int(line), pos
    if kind == 0x2b:
        return ('+', line), pos
    if kind == 0x2d:
        return ('-', line), pos
    if kind == 0x2a:  # *
        count = to_int(line)
        if count == -1:
            return NULL_ARRAY, pos
        return parse_many(buf, pos, count)
    if kind == 0x5f:
        if line:
            raise ProtocolError('a null with a body: %r' % line)
        return NULL, pos
    if kind == 0x23:
        if line not in (b't', b'f'):
            raise ProtocolError('a boolean that is %r' % line)
        return ('#', line == b't'), pos
    if kind == 0x2c:
        return (',', line), pos
    if kind == 0x28:
        return ('(', line), pos
    if kind in (0x3d, 0x21):  # = !
        size = to_int(line)
        if len(buf) < pos + size + 2:
            raise Incomplete
        body = bytes(buf[pos:pos + size])
        pos += size + 2
        if kind == 0x21:
            return ('!', body), pos
        if body[3:4] != b':':
            raise ProtocolError('a verbatim string without a format: %r' % body[:16])
        return ('=', body[:3], body[4:]), pos
    if kind in (0x25, 0x7c):  # % |
        flat, pos = parse_many(buf, pos, 2 * to_int(line))
        pairs = list(zip(flat[0::2], flat[1::2]))
        if kind == 0x25:
            return ('%', pairs), pos
        value, pos = parse(buf, pos)
        return ('|', pairs, value), pos
    if kind in (0x7e, 0x3e):  # ~ >
        items, pos = parse_many(buf, pos, to_int(line))
        return (chr(kind), items), pos
    raise ProtocolError('a reply that starts with %r' % bytes([kind]) + repr(line[:80]))


def parse_many(buf, pos, count):
    if count < 0:
        raise ProtocolError('an aggregate of %d' % count)
    items = []
    for _ in range(count):
        value, pos = parse(buf, pos)
        items.append(value)
    return items, pos


def to_int(line):
    try:
        if not line or line[:1] not in b'-0123456789':
            raise ValueError
        return int(line)
    except ValueError:
        raise ProtocolError('not an integer in a reply: %r' % line[:80]) from None


def parse_all(buf):
    """All values of a complete buffer."""
    values = []
    pos = 0
    while pos < len(buf):
        value, pos = parse(buf, pos)
        values.append(value)
    return values


def is_error(value):
    return isinstance(value, tuple) and value[0] in ('-', '!')


SHOW_CHARS_MAX = 1200


def show(value):
    """A value for people, cut."""
    text = show_whole(value, 160)
    if len(text) > SHOW_CHARS_MAX:
        text = text[:SHOW_CHARS_MAX] + '… (%d characters)' % len(text)
    return text


def show_whole(value, limit):
    if isinstance(value, bytes) and len(value) > limit:
        return '%r… (%d bytes)' % (value[:limit], len(value))
    if isinstance(value, list):
        return '[' + ', '.join(show_whole(v, limit) for v in value[:40]) + \
            (', … %d in all]' % len(value) if len(value) > 40 else ']')
    if isinstance(value, tuple):
        return '(' + ', '.join(v if isinstance(v, str) else show_whole(v, limit)
                               for v in value) + ')'
    return repr(value)


class Conn:
    """A blocking connection. Not for several threads at once."""

    def __init__(self, port=None, unix_path=None, timeout_s=30.0, rcvbuf=None):
        family = socket.AF_UNIX if unix_path else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.timeout_s = timeout_s
        self.sock.settimeout(timeout_s)
        self.sock.connect(unix_path if unix_path else ('127.0.0.1', port))
        if not unix_path:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buf = bytearray()

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as err:
            raise Closed(str(err)) from None
        except socket.timeout:
            raise Timeout('the server does not read') from None

    def recv_some(self):
        try:
            data = self.sock.recv(RECV_BYTES)
        except socket.timeout:
            raise Timeout('no answer for %.0f s' % self.timeout_s) from None
        except ConnectionResetError:
            raise Closed('reset') from None
        if not data:
            raise Closed('end of stream')
        self.buf += data

    def read(self):
        """The next reply."""
        while True:
            try:
                value, pos = parse(self.buf)
            except Incomplete:
                self.read_more()
                continue
            del self.buf[:pos]
            return value

    def read_more(self):
        """Reads at least one piece; all that is missing of a bulk string that leads the buffer."""
        end = self.buf.find(b'\r\n', 0, 64)
        if end > 0 and self.buf[0] == 0x24:
            want = end + 4 + to_int(bytes(self.buf[1:end]))
            while len(self.buf) < want:
                self.recv_some()
        else:
            self.recv_some()

    def call(self, *args):
        self.send(cmd(*args))
        return self.read()

    def pipeline(self, cmds):
        """Several commands at once; their replies."""
        self.exchange_send(b''.join(cmd(*c) for c in cmds))
        return [self.read() for _ in cmds]

    def exchange_send(self, data):
        """Sends without a dead-lock against a server that stops reading while we do not."""
        if len(data) <= DUPLEX_BYTES:
            self.send(data)
            return
        view = memoryview(data)
        deadline = time.monotonic() + self.timeout_s
        self.sock.setblocking(False)
        poll = select.poll()
        try:
            while view:
                poll.register(self.sock, select.POLLIN | select.POLLOUT)
                ready = poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
                if not ready:
                    raise Timeout('the server does not read')
                events = ready[0][1]
                if events & (select.POLLIN | select.POLLHUP | select.POLLERR):
                    self.recv_some()
                if events & select.POLLOUT:
                    try:
                        view = view[self.sock.send(view[:1 << 20]):]
                    except (BrokenPipeError, ConnectionResetError) as err:
                        raise Closed(str(err)) from None
                    except BlockingIOError:
                        pass
        finally:
            self.sock.settimeout(self.timeout_s)

    def read_until_tail(self, tail):
        """Everything up to and including `tail`, which must be the last that was asked for."""
        buf = self.buf
        while not buf.endswith(tail):
            self.recv_some()
        self.buf = bytearray()
        return buf

    def is_closed(self, within_s=5.0):
        """Whether the server closes the connection in time; what it sends first is read."""
        self.sock.settimeout(within_s)
        deadline = time.monotonic() + within_s
        try:
            while time.monotonic() < deadline:
                data = self.sock.recv(RECV_BYTES)
                if not data:
                    return True
                self.buf += data
        except socket.timeout:
            return False
        except OSError:
            return True
        finally:
            try:
                self.sock.settimeout(self.timeout_s)
            except OSError:
                pass
        return False
