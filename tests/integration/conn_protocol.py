"""Connection tests: bytes that arrive in odd pieces, odd bytes, and the exact errors they get."""
import random
import time

from conn_case import alone, case, connected, until, want
from harness.resp import NULL_BULK, Closed, Timeout, cmd

AUTH = cmd('AUTH', 'secret')
SETTLE_S = 0.6
LATE_S = 4.0

# Sent as they are; the answer and whether the connection ends must be those of redis-server 7.0.
ABUSE = [
    b'*-1\r\nPING\r\n', b'*0\r\n*1\r\n$4\r\nPING\r\n', b'*1048577\r\n', b'*2147483648\r\n',
    b'*99999999999999999999\r\n', b'*abc\r\n', b'*\r\nPING\r\n', b'* 1\r\n$4\r\nPING\r\n',
    b'*1 \r\n$4\r\nPING\r\n', b'*+1\r\n$4\r\nPING\r\n', b'*01\r\n$4\r\nPING\r\n',
    b'*-2\r\nPING\r\n', b'*1\r\n$-1\r\n', b'*1\r\n$-2\r\n', b'*1\r\n$536870913\r\n',
    b'*1\r\n$99999999999999999999\r\n', b'*1\r\n$abc\r\n', b'*1\r\n$\r\n', b'*1\r\nPING\r\n',
    b'*1\r\n:4\r\nPING\r\n', b'*1\r\n+PING\r\n', b'*1\r\n\r\nPING\r\n', b'*11\r\n$4\r\n',
    b'*1\r\n$16385\r\n', b'*1\r\n$0\r\n\r\nPING\r\n', b'*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n',
    b'*2\r\n$3\r\nGET\r\n$0\r\n\r\n', b'*1\n$4\nPING\n', b'PING\r\n', b'PING\n', b'ping\r\n',
    b'  PING  \r\n', b'\r\n\r\n \r\nPING\r\n', b'\x00\r\nPING\r\n', b'PING\x00x\r\n',
    b'PING "foo\r\n', b"PING 'a'b\r\n", b'PING "a"b\r\n', b'PING "a b"\r\n', b"PING 'it\\'s'\r\n",
    b'PING "\\x41\\n\\t\\q"\r\n', b"PING '\\x41'\r\n", b'PING ""\r\n', b"PING ''\r\n",
    b'PING a"b"\r\n', b'PING "\\xzz"\r\n', b'PING "a\\\r\n',
    b'SET "k 1" "v\\x00\\r\\n"\r\nGET "k 1"\r\n', b'SET k v EX\r\n', b'GET\r\n', b'nosuch a b\r\n',
    b'"" x\r\n', b'""\r\nPING\r\n', b'x' * 70000, b'*' + b'1' * 70000, b'*1\r\n$' + b'1' * 70000,
    b'GET ' + b'k' * 60000 + b'\r\n', b'$4\r\nPING\r\n', b':1\r\n', b'+OK\r\n', b'-ERR\r\n',
    b'%1\r\n', b'>1\r\n', b'\xff\xfe\xfd\r\n', b'\x16\x03\x01\x02\x00\x01\r\n',
    b'POST / HTTP/1.1\r\nX: y\r\n\r\nPING\r\n', b'Host: example\r\nPING\r\n', b'post\r\n',
    b'GET / HTTP/1.1\r\nHost: a\r\n\r\n', b'QUIT\r\nPING\r\n', b'PING\r\n*1\r\n$abc\r\nPING\r\n',
    b'PING\r\n' * 3 + b'*1\r\nx',
]


def answers(server, pieces, settle_s=SETTLE_S):
    """What each piece gets on a connection of its own: (bytes, whether it was closed)."""
    conns = [server.conn(timeout_s=20) for _ in pieces]
    for conn, piece in zip(conns, pieces):
        try:
            conn.send(piece)
        except Closed:
            pass
    time.sleep(settle_s)
    out = []
    for conn in conns:
        closed = conn.is_closed(0.01)
        out.append((bytes(conn.buf), closed))
        conn.close()
    return out


def compare_abuse(bench, directives, pieces):
    server, judge = bench.server(*directives), bench.judge(*directives)
    differing = []
    for settle_s in (SETTLE_S, LATE_S):  # what differs may only be late: once more, with time
        both = zip(pieces, answers(server, pieces, settle_s), answers(judge, pieces, settle_s))
        differing = [row for row in both if row[1] != row[2]]
        pieces = [row[0] for row in differing]
        if not differing:
            break
    differing = ['%r: %r instead of %r' % (piece[:60], (mine[0][:120], mine[1]),
                                           (theirs[0][:120], theirs[1]))
                 for piece, mine, theirs in differing]
    want(not differing, '%d differ:' % len(differing),
         *['\n      ' + line for line in differing[:12]])


@case
def abuse_gets_the_errors_of_redis(bench):
    compare_abuse(bench, (), ABUSE)


@case
def abuse_before_authentication_gets_the_errors_of_redis(bench):
    compare_abuse(bench, (('requirepass', 'secret'),), ABUSE)


@case
def abuse_after_authentication_gets_the_errors_of_redis(bench):
    compare_abuse(bench, (('requirepass', 'secret'),), [AUTH + piece for piece in ABUSE])


@case
def random_garbage_gets_the_answers_of_redis(bench):
    rng = random.Random(7)
    pieces = []
    # GET and SET never meet: the connections run at the same time, in an order of their own.
    good = [cmd('SET', 'a', 'b'), cmd('GET', 'no such'), cmd('PING'), b'PING\r\n',
            cmd('ECHO', 'x\r\ny')]
    for _ in range(150 if bench.quick else 400):
        text = bytearray(b''.join(rng.choices(good, k=rng.randrange(1, 4))))
        for _ in range(rng.randrange(1, 4)):  # a few bytes changed, lost or doubled
            at = rng.randrange(len(text))
            kind = rng.randrange(3)
            if kind == 0:
                text[at] = rng.choice(b'*$\r\n 0179-+abc\x00\xff"\'')
            elif kind == 1:
                del text[at:at + rng.randrange(1, 4)]
            else:
                text[at:at] = text[at:at + rng.randrange(1, 9)]
            if not text:
                text = bytearray(b'\n')
        pieces.append(bytes(text))
    compare_abuse(bench, (), pieces)


@case
def inline_commands_understand_quotes(bench):
    with bench.server().conn() as conn:
        conn.send(b'SET "key one" "a\\x00b\\r\\n\\"q\\""\r\nGET "key one"\r\n'
                  b'SET \'k2\' \'it\\\'s\'\nget k2\r\n')
        want([conn.read() for _ in range(4)] ==
             [('+', b'OK'), b'a\x00b\r\n"q"', ('+', b'OK'), b"it's"], 'inline quoting is wrong')


@case
def commands_arriving_byte_by_byte_are_understood(bench):
    text = b''.join((cmd('SET', 'k', 'value\r\nwith lines'), cmd('GET', 'k'), b'PING hello\r\n',
                     cmd('MGET', 'k', 'none', 'k'), cmd('SET', 'k2', 'x' * 300),
                     cmd('STRLEN', 'k2'), b'ECHO "a b"\n'))
    wanted = [('+', b'OK'), b'value\r\nwith lines', b'hello',
              [b'value\r\nwith lines', NULL_BULK, b'value\r\nwith lines'], ('+', b'OK'), 300,
              b'a b']
    server = bench.server()
    rng = random.Random(3)
    for size in (1, 2, 3, 7, 0):
        with server.conn() as conn:
            pos = 0
            while pos < len(text):
                step = size or rng.randrange(1, 40)
                conn.send(text[pos:pos + step])
                pos += step
                if size == 1:
                    time.sleep(0.0002)  # so that they do arrive alone
            got = [conn.read() for _ in wanted]
            want(got == wanted, 'in pieces of', size or 'random size', got)


@case
def half_a_command_and_then_silence_harms_nobody(bench):
    server = bench.server()
    with server.conn() as conn:
        before = alone(conn)
        halves = []
        for piece in (b'*', b'*3\r\n', b'*3\r\n$3', b'*3\r\n$3\r\nSE',
                      b'*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\nabc', b'PIN', b'PING\r',
                      b'*2\r\n$3\r\nGET\r\n$1\r\nk'):
            half = server.conn()
            half.send(piece)
            halves.append(half)
        time.sleep(0.2)
        want(conn.call('PING') == ('+', b'PONG'), 'no PONG beside half commands')
        want(connected(conn) == before + len(halves),
             'half commands are not counted as connections')
        want(conn.call('EXISTS', 'k') == 0, 'half a SET was run')
        for half in halves:
            half.close()
        until(lambda: connected(conn) == before, what='forgetting closed connections')
        want(conn.call('EXISTS', 'k') == 0, 'half a SET was run when its connection closed')


@case
def a_pipeline_of_100000_commands_is_answered_in_order(bench):
    server = bench.server()
    count = 100000
    with server.conn(timeout_s=60) as conn:
        parts = []
        for n in range(count // 4):
            parts.append(cmd('SET', 'pipe:%d' % (n % 977), n))
            parts.append(cmd('GET', 'pipe:%d' % (n % 977)))
            parts.append(cmd('ECHO', n))
            parts.append(cmd('MGET', 'pipe:%d' % (n % 977), 'none'))
        conn.send(b''.join(parts))  # all of it before the first reply is read
        data = b''.join(b'+OK\r\n$%d\r\n%d\r\n$%d\r\n%d\r\n*2\r\n$%d\r\n%d\r\n$-1\r\n' % (
            (len(b'%d' % n), n) * 3) for n in range(count // 4))
        got = bytearray()
        while len(got) < len(data):
            conn.recv_some()
            got += conn.buf
            conn.buf = bytearray()
        want(got == data, 'the replies are not those, or not in that order')


@case
def large_and_small_replies_keep_their_order(bench):
    server = bench.server()
    rng = random.Random(5)
    with server.conn() as conn:
        values = {}
        for n in range(24):
            key = b'order:%d' % n
            values[key] = rng.randbytes(rng.choice((0, 1, 100, 5000, 16384, 70000, 300000)))
            want(conn.call('SET', key, values[key]) == ('+', b'OK'), 'SET failed')
        for _ in range(6):
            keys = [rng.choice(list(values)) for _ in range(150)]
            got = conn.pipeline([('GET', key) for key in keys])
            want(got == [values[key] for key in keys], 'replies out of order')


@case
def quit_answers_and_closes(bench):
    server = bench.server()
    with server.conn() as conn:
        conn.send(cmd('SET', 'q', 1) + cmd('QUIT') + cmd('SET', 'q', 2))
        want(conn.is_closed(), 'QUIT does not close')
        want(bytes(conn.buf) == b'+OK\r\n+OK\r\n', 'QUIT answers', bytes(conn.buf))
    with server.conn() as conn:
        want(conn.call('GET', 'q') == b'1', 'a command behind QUIT was run')


@case
def monitor_shows_what_others_do(bench):
    server = bench.server()
    with server.conn(timeout_s=5) as watcher, server.conn() as conn:
        want(watcher.call('MONITOR') == ('+', b'OK'), 'MONITOR')
        conn.call('SELECT', 1)
        for n in range(5):
            conn.call('SET', 'mon:%d' % n, 'a"b\n')
        lines = []
        try:
            while len(lines) < 6:
                lines.append(watcher.read()[1])
        except Timeout:
            pass
        want(len(lines) == 6, 'MONITOR shows', lines)
        port = conn.sock.getsockname()[1]
        for n, line in enumerate(lines[1:]):
            tail = b' [1 127.0.0.1:%d] "SET" "mon:%d" "a\\"b\\n"' % (port, n)
            want(line.endswith(tail) and line.split(b' ')[0].replace(b'.', b'').isdigit(),
                 'MONITOR shows', line, 'not', tail)
