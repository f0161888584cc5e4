"""Blocking tests: what ends a wait other than being served."""
import socket
import struct
import time

from block_case import Blocked, info, is_null, needs, until_blocked, want_error
from conn_case import case, until, want
from harness.resp import Timeout, cmd


@case
def the_time_is_up_to_the_millisecond(bench):
    server = bench.server()
    with server.conn() as conn:
        needs(conn, 'blpop')
        late_ms = []
        for timeout_ms in (1, 5, 20, 50, 100, 250) * 2:
            started = time.monotonic()
            reply = conn.call('BLPOP', 'q', 'p', 'o', str(timeout_ms / 1000))
            late_ms.append((time.monotonic() - started) * 1000 - timeout_ms)
            want(is_null(reply), 'not a null array', reply)
        want(min(late_ms) >= -1.0, 'answered too early', late_ms)
        want(sorted(late_ms)[len(late_ms) // 2] < 15.0, 'answered too late', late_ms)
        want(conn.call('RPUSH', 'q', 'x') == 1, 'somebody still waits')


@case
def nulls_are_of_the_protocol_and_the_command(bench):
    server = bench.server()
    with server.conn() as conn:
        needs(conn, 'blpop', 'blmove')
        conn.send(cmd('BLPOP', 'q', '0.01'))
        until(lambda: conn.buf.startswith(b'*-1\r\n') or not conn.recv_some(), what='*-1')
        conn.buf.clear()
        conn.send(cmd('BLMOVE', 'q', 'p', 'LEFT', 'LEFT', '0.01'))
        until(lambda: conn.buf.startswith(b'$-1\r\n') or not conn.recv_some(), what='$-1')
        conn.buf.clear()
        conn.call('HELLO', '3')
        for words in (('BLPOP', 'q', '0.01'), ('BLMOVE', 'q', 'p', 'LEFT', 'LEFT', '0.01')):
            conn.send(cmd(*words))
            conn.recv_some()
            want(bytes(conn.buf) == b'_\r\n', 'not a null', bytes(conn.buf))
            conn.buf.clear()


@case
def a_bad_timeout_is_refused(bench):
    server = bench.server()
    with server.conn() as conn:
        needs(conn, 'blpop')
        want_error(conn.call('BLPOP', 'q', 'x'), b'ERR timeout is not a float')
        want_error(conn.call('BLPOP', 'q', '-1'), b'ERR timeout is negative')
        want_error(conn.call('BLPOP', 'q', '1e400'), b'ERR timeout is')


@case
def client_unblock_ends_a_wait_once(bench):
    server = bench.server()
    with server.conn() as conn:
        needs(conn, 'blpop')
        for reason in ((), ('TIMEOUT',), ('ERROR',)):
            waiters = [Blocked(server, conn, 'BLPOP', 'q', 'p', 'o', '0') for _ in range(4)]
            for waiter in waiters:
                want(conn.call('CLIENT', 'UNBLOCK', waiter.id, *reason) == 1, 'not unblocked')
                reply = waiter.reply()
                if reason == ('ERROR',):
                    want_error(reply, b'UNBLOCKED client unblocked via CLIENT UNBLOCK')
                else:
                    want(is_null(reply), 'not a null', reply)
                want(conn.call('CLIENT', 'UNBLOCK', waiter.id, *reason) == 0, 'unblocked twice')
                want(waiter.conn.call('PING') == ('+', b'PONG'), 'not the next command')
        want(conn.call('CLIENT', 'UNBLOCK', '123456789') == 0, 'nobody was unblocked')
        want_error(conn.call('CLIENT', 'UNBLOCK', '1', 'LATER'), b'ERR CLIENT UNBLOCK reason')
        want_error(conn.call('CLIENT', 'UNBLOCK', 'x'), b'ERR value is not an integer')
        until_blocked(conn, 0)
        want(conn.call('RPUSH', 'q', 'x') == 1, 'somebody still waits')


@case
def whoever_has_gone_takes_nothing(bench):
    server = bench.server()
    with server.conn() as conn:
        needs(conn, 'blpop')
        for way in ('close', 'reset', 'half', 'kill'):
            first = Blocked(server, conn, 'BLPOP', 'q', 'p', 'o', '0')
            second = Blocked(server, conn, 'BLPOP', 'p', '0')
            if way == 'reset':
                first.conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            if way == 'kill':
                want(conn.call('CLIENT', 'KILL', 'ID', first.id) == 1, 'CLIENT KILL')
            elif way == 'half':
                first.conn.sock.shutdown(socket.SHUT_WR)
            else:
                first.close()
            until_blocked(conn, 1)
            conn.call('RPUSH', 'p', way)
            want(second.reply() == [b'p', way.encode()], 'not the next one', way)
        want(conn.call('DBSIZE') == 0, 'something is left')


@case
def info_and_client_list_tell_who_is_blocked(bench):
    server = bench.server()
    with server.conn() as conn:
        needs(conn, 'blpop')
        waiter = Blocked(server, conn, 'BLPOP', 'q', 'p', '100')
        line = conn.call('CLIENT', 'LIST', 'ID', waiter.id)
        line = line[-1] if isinstance(line, tuple) else line
        want(b' flags=b ' in line and b' cmd=blpop ' in line, 'CLIENT LIST', line)
        want(info(conn, 'clients_in_timeout_table') == 1, 'clients_in_timeout_table')
        conn.call('RPUSH', 'q', 'x')
        waiter.reply()
        until_blocked(conn, 0)
        want(info(conn, 'clients_in_timeout_table') == 0, 'clients_in_timeout_table')
        line = conn.call('CLIENT', 'LIST', 'ID', waiter.id)
        line = line[-1] if isinstance(line, tuple) else line
        want(b' flags=N ' in line, 'CLIENT LIST', line)


@case
def a_pause_puts_off_the_push_and_not_the_timeout(bench):
    server = bench.server()
    with server.conn() as conn, server.conn() as pusher:
        needs(conn, 'blpop')
        waiter = Blocked(server, conn, 'BLPOP', 'q', '0')
        conn.call('CLIENT', 'PAUSE', '200', 'WRITE')
        pusher.send(cmd('RPUSH', 'q', 'x'))
        want(waiter.is_waiting(), 'served during the pause')
        want(waiter.reply() == [b'q', b'x'], 'not served after it')
        want(pusher.read() == 1, 'RPUSH')


@case
def the_server_ends_with_clients_blocked(bench):
    server = bench.server()
    with server.conn() as conn:
        needs(conn, 'blpop')
        waiters = [Blocked(server, conn, 'BLPOP', 'q%d' % n, 'q%d' % (n + 1), '0') for n in range(8)]
        server.stop()
        for waiter in waiters:
            try:
                want(waiter.conn.is_closed(), 'still connected')
            except Timeout:
                want(False, 'still connected')
