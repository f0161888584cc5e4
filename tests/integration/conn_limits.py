"""Connection tests: many connections, large values, and every limit that has a directive."""
import os
import resource
import select
import socket
import struct
import time

from conn_case import Skip, alone, case, connected, until, want
from harness.resp import NULL_BULK, Closed, Conn, Timeout, cmd, is_error

MANY = 10000
BUSY = 1000
SPARE_FILES = 500
MB = 1 << 20


def raise_file_limit(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise Skip('the hard limit of open files is %d, this needs %d' % (hard, count))
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def connect_all(port, count):
    socks = []
    for _ in range(count):
        sock = socket.socket()
        sock.settimeout(60)
        sock.connect(('127.0.0.1', port))
        socks.append(sock)
    return socks


def ping_all(socks):
    """PING on all at once; how many PONGs come within a minute."""
    poll = select.poll()
    missing = {}
    for sock in socks:
        sock.sendall(b'PING\r\n')
        poll.register(sock, select.POLLIN)
        missing[sock.fileno()] = (sock, b'')
    deadline = time.monotonic() + 60
    while missing and time.monotonic() < deadline:
        for fd, _ in poll.poll(1000):
            sock, got = missing[fd]
            got += sock.recv(64)
            want(got, 'a connection was closed')
            if got == b'+PONG\r\n':
                del missing[fd]
                poll.unregister(fd)
            else:
                want(b'+PONG\r\n'.startswith(got), 'PING is answered with', got)
                missing[fd] = (sock, got)
    return len(socks) - len(missing)


@case
def ten_thousand_connections_are_served(bench):
    raise_file_limit(MANY + SPARE_FILES)
    server = bench.server(('maxclients', MANY + 100), ('tcp-backlog', 511))
    with server.conn(timeout_s=60) as conn:
        before = alone(conn)
        socks = connect_all(server.port, MANY)
        until(lambda: connected(conn) == before + MANY, 60, 'counting %d connections' % MANY)
        want(ping_all(socks) == MANY, 'not all of 10,000 answered PING')
        time.sleep(0.5)
        want(ping_all(socks) == MANY, 'not all of 10,000 answered the second PING')
        for sock in socks:
            sock.close()
        until(lambda: connected(conn) == before, 60, 'forgetting 10,000 closed connections')


@case
def a_thousand_busy_connections_get_their_own_answers(bench):
    raise_file_limit(BUSY + SPARE_FILES)
    server = bench.server()
    conns = [server.conn(timeout_s=60) for _ in range(BUSY)]
    for turn in range(5 if bench.quick else 20):
        for n, conn in enumerate(conns):
            conn.send(b''.join(cmd('SET', 'busy:%d:%d' % (n, i), '%d/%d/%d' % (turn, n, i)) +
                               cmd('GET', 'busy:%d:%d' % (n, i)) for i in range(5)))
        for n, conn in enumerate(conns):
            for i in range(5):
                got = conn.read(), conn.read()
                want(got == (('+', b'OK'), b'%d/%d/%d' % (turn, n, i)), 'connection', n, 'got', got)
    for conn in conns:
        conn.close()


def drown(bench, limit, seconds):
    """A client asks for 200 MB and does not read: how long until it is cut off, at what memory."""
    server = bench.server(('client-output-buffer-limit', limit))
    with server.conn() as conn:
        conn.call('SET', 'big', b'v' * MB)
        before = alone(conn)
        rss = server.rss_bytes()
        slow = server.conn(rcvbuf=4096)
        slow.call('PING')  # from now on it is counted
        started = time.monotonic()
        slow.send(cmd('GET', 'big') * 200)
        peak = 0

        def is_gone():
            nonlocal peak
            peak = max(peak, server.rss_bytes() - rss)
            return connected(conn) == before
        until(is_gone, seconds, 'cutting off a slow reader')
        took = time.monotonic() - started
        want(conn.call('PING') == ('+', b'PONG'), 'no PONG')
        slow.close()
        return took, peak


@case
def a_slow_reader_is_cut_off_at_the_hard_limit(bench):
    _, peak = drown(bench, 'normal 8mb 0 0', 10)
    want(peak < 300 * MB, 'a slow reader with a limit of 8 MB cost', peak)


@case
def a_slow_reader_is_cut_off_at_the_soft_limit(bench):
    took, _ = drown(bench, 'normal 0 1mb 2', 15)
    want(took > 1.0, 'the soft limit does not wait its time:', took)


@case
def a_slow_reader_without_a_limit_gets_everything(bench):
    server = bench.server()
    with server.conn(rcvbuf=4096, timeout_s=60) as conn:
        value = os.urandom(MB)
        conn.call('SET', 'big', value)
        conn.send(cmd('GET', 'big') * 40)
        time.sleep(1)
        for _ in range(40):
            want(conn.read() == value, 'a large reply is damaged')


@case
def the_largest_value_goes_in_and_out(bench):
    size = 64 * MB if bench.quick else 512 * MB
    with open('/proc/meminfo') as meminfo:
        free = next(int(line.split()[1]) * 1024 for line in meminfo
                    if line.startswith('MemAvailable'))
    if free < 6 * size:
        raise Skip('%d MB of memory are too few' % (free // MB))
    server = bench.server()
    block = os.urandom(MB)
    value = block * (size // MB)
    with server.conn(timeout_s=120) as conn:
        conn.exchange_send(b'*3\r\n$3\r\nSET\r\n$4\r\nhuge\r\n$%d\r\n' % size)
        conn.exchange_send(value)
        conn.send(b'\r\n')
        want(conn.read() == ('+', b'OK'), 'SET of', size, 'bytes')
        want(conn.call('STRLEN', 'huge') == size, 'STRLEN')
        want(conn.call('GETRANGE', 'huge', size - 5, -1) == value[-5:], 'GETRANGE at the end')
        conn.send(cmd('GET', 'huge'))
        got = conn.read()
        want(len(got) == size and got == value, 'the value came back damaged, %d bytes' % len(got))
        del got
        want(is_error(conn.call('APPEND', 'huge', b'x')) or bench.quick, 'APPEND beyond 512 MB')
        want(conn.call('DEL', 'huge') == 1, 'DEL')
        want(conn.call('SETRANGE', 'huge', 512 * MB, 'x') ==
             ('-', b'ERR string exceeds maximum allowed size (proto-max-bulk-len)'),
             'SETRANGE beyond 512 MB')


@case
def proto_max_bulk_len_holds(bench):
    server = bench.server(('proto-max-bulk-len', '1mb'))
    with server.conn() as conn:
        want(conn.call('SET', 'k', b'x' * MB) == ('+', b'OK'), 'a value at the limit')
        want(conn.call('APPEND', 'k', b'x') ==
             ('-', b'ERR string exceeds maximum allowed size (proto-max-bulk-len)'),
             'APPEND beyond the limit')
        conn.send(b'*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n' % (MB + 1))
        want(conn.read() == ('-', b'ERR Protocol error: invalid bulk length'),
             'a value beyond the limit')
        want(conn.is_closed(), 'the connection stays open')
    with server.conn() as conn:
        conn.call('CONFIG', 'SET', 'proto-max-bulk-len', '2mb')
        want(conn.call('SET', 'k', b'x' * (2 * MB)) == ('+', b'OK'),
             'the limit changed at run time')


@case
def client_query_buffer_limit_holds(bench):
    server = bench.server(('client-query-buffer-limit', '1mb'))
    with server.conn() as conn, server.conn() as greedy:
        try:
            greedy.send(b'*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n' % (8 * MB))
            greedy.send(b'x' * (4 * MB))
        except (Closed, Timeout):
            pass
        want(greedy.is_closed(5), 'a client with 4 MB in the query buffer is still there')
        want(conn.call('SET', 'k', b'x' * (MB // 2)) == ('+', b'OK'), 'a value below the limit')


@case
def one_client_too_many_is_told_so(bench):
    server = bench.server(('maxclients', 10))
    with server.conn() as conn:
        alone(conn)
        conns = [server.conn() for _ in range(9)]
    until(lambda: connected(conns[0]) == 9, what='forgetting a closed connection')
    conns.append(server.conn())
    for conn in conns:
        want(conn.call('PING') == ('+', b'PONG'), 'PING within maxclients')
    with server.conn() as late:
        want(late.is_closed(), 'the eleventh of ten clients stays')
        want(bytes(late.buf) == b'-ERR max number of clients reached\r\n', 'the eleventh gets',
             bytes(late.buf))
    conns.pop().close()
    until(lambda: connected(conns[0]) == 9, what='forgetting a closed connection')
    with server.conn() as next_one:
        want(next_one.call('PING') == ('+', b'PONG'), 'a freed place is not given away')
    want(conns[0].call('CONFIG', 'SET', 'maxclients', 50) == ('+', b'OK'), 'CONFIG SET maxclients')
    more = [server.conn() for _ in range(30)]
    for conn in more:
        want(conn.call('PING') == ('+', b'PONG'), 'PING after CONFIG SET maxclients')
    for conn in conns + more:
        conn.close()


@case
def idle_clients_are_closed_after_the_timeout(bench):
    server = bench.server(('timeout', 1))
    with server.conn() as idle, server.conn() as active:
        started = time.monotonic()
        while time.monotonic() - started < 3.5:
            want(active.call('PING') == ('+', b'PONG'), 'an active client was closed')
            time.sleep(0.2)
        want(idle.is_closed(2), 'an idle client is still there after 3.5 s with timeout 1')


@case
def a_reset_in_the_middle_of_a_large_reply_harms_nobody(bench):
    server = bench.server()
    with server.conn() as conn:
        value = b'r' * (16 * MB)
        conn.call('SET', 'big', value)
        before = alone(conn)
        rss = server.rss_bytes()
        for n in range(10 if bench.quick else 40):
            victim = server.conn(rcvbuf=8192)
            victim.send(cmd('GET', 'big') * 3 + cmd('INCR', 'c'))
            victim.sock.recv(1000 * (n % 3))
            victim.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            victim.close()
        until(lambda: connected(conn) == before, what='forgetting reset connections')
        want(conn.call('GET', 'big') == value, 'the value is damaged')
        grown = server.rss_bytes() - rss
        want(grown < 200 * MB, 'resets leak: RSS grew by', grown)


@case
def a_value_that_is_overwritten_while_it_is_sent_stays_whole(bench):
    """Large replies go out by reference: the old value must live until it is sent."""
    server = bench.server()
    with server.conn(rcvbuf=8192, timeout_s=60) as reader, server.conn() as writer:
        for turn in range(8):
            value = bytes([65 + turn]) * (4 * MB)
            writer.call('SET', 'shared', value)
            reader.send(cmd('GET', 'shared'))
            want(select.select([reader.sock], [], [], 20)[0], 'no answer')  # it has begun
            for action in (('APPEND', 'shared', 'tail'), ('SETRANGE', 'shared', 0, 'zzzz'),
                           ('DEL', 'shared'), ('SET', 'shared', 'new'), ('FLUSHALL',)):
                writer.call(*action)
            want(reader.read() == value, 'the reply is not the value that was there')
        want(writer.call('GET', 'shared') == NULL_BULK, 'FLUSHALL')


@case
def a_unix_socket_serves_too(bench):
    server = bench.server(('unixsocket', 'test.sock'), ('unixsocketperm', '700'))
    path = os.path.join(server.dir, 'test.sock')
    want(os.path.exists(path), 'there is no socket file')
    want(os.stat(path).st_mode & 0o777 == 0o700, 'unixsocketperm is not applied')
    with Conn(unix_path=path) as conn, server.conn() as other:
        want(conn.call('SET', 'u', 'x') == ('+', b'OK'), 'SET over the unix socket')
        want(other.call('GET', 'u') == b'x', 'GET over TCP')
        want(len(conn.pipeline([('INCR', 'n')] * 5000)) == 5000, 'a pipeline')
