"""Connection tests: passwords, being killed or paused by others, and how the server ends."""
import signal
import threading
import time

from conn_case import case, until, want
from harness.resp import Closed, Timeout, cmd, is_error

WRONGPASS = ('-', b'WRONGPASS invalid username-password pair or user is disabled.')
NOAUTH = ('-', b'NOAUTH Authentication required.')


@case
def a_password_is_demanded(bench):
    server, judge = bench.server(('requirepass', 'secret')), bench.judge(('requirepass', 'secret'))
    script = [('PING',), ('GET', 'k'), ('HELLO',), ('HELLO', '3'), ('nosuch',), ('GET',),
              ('CLIENT', 'ID'), ('AUTH', 'wrong'), ('AUTH', 'default', 'wrong'),
              ('AUTH', 'nobody', 'secret'), ('HELLO', '3', 'AUTH', 'default', 'wrong'), ('RESET',),
              ('AUTH', 'secret'), ('PING',), ('SET', 'k', 'v'), ('GET', 'k'), ('RESET',),
              ('GET', 'k'), ('AUTH', 'default', 'secret'), ('GET', 'k'),
              ('CONFIG', 'GET', 'requirepass')]
    with server.conn() as mine, judge.conn() as theirs:
        for words in script:
            a, b = mine.call(*words), theirs.call(*words)
            if is_error(b):  # the words of Redis 7.2
                b = (b[0], b[1].replace(b'the HELLO AUTH', b'the HELLO <proto> AUTH'))
            want(a == b, words, 'is answered with', a, 'and not', b)
    with server.conn() as conn:
        want(conn.call('GET', 'k') == NOAUTH, 'no NOAUTH')
        want(conn.call('AUTH', 'wrong') == WRONGPASS, 'no WRONGPASS')
        want(conn.call('HELLO', '3', 'AUTH', 'default', 'secret')[0] == '%', 'HELLO with AUTH')
        want(conn.call('GET', 'k') == b'v', 'GET after HELLO with AUTH')
        want(conn.call('CONFIG', 'SET', 'requirepass', '') == ('+', b'OK'),
             'CONFIG SET requirepass')
    with server.conn() as conn:
        want(conn.call('PING') == ('+', b'PONG'), 'PING after the password was taken away')
        want(is_error(conn.call('AUTH', 'x')), 'AUTH without a password')


@case
def protected_mode_can_be_asked(bench):
    """That it refuses strangers cannot be tested over loopback."""
    with bench.server().conn() as conn:
        want(conn.call('CONFIG', 'GET', 'protected-mode') == [b'protected-mode', b'yes'],
             'protected-mode')
        want(conn.call('CONFIG', 'SET', 'protected-mode', 'no') == ('+', b'OK'),
             'CONFIG SET protected-mode')
        want(conn.call('CONFIG', 'GET', 'protected-mode') == [b'protected-mode', b'no'],
             'protected-mode')


@case
def a_client_can_kill_another(bench):
    server = bench.server()
    with server.conn() as killer:
        for how in ('id', 'addr', 'old', 'type'):
            victims = [server.conn() for _ in range(4)]
            ids = [victim.call('CLIENT', 'ID') for victim in victims]
            want(len(set(ids)) == 4, 'CLIENT ID is not unique', ids)
            addrs = ['%s:%d' % victim.sock.getsockname() for victim in victims]
            if how == 'id':
                got = [killer.call('CLIENT', 'KILL', 'ID', n) for n in ids]
                want(got == [1] * 4, 'CLIENT KILL ID', got)
            elif how == 'addr':
                got = [killer.call('CLIENT', 'KILL', 'ADDR', a) for a in addrs]
                want(got == [1] * 4, 'CLIENT KILL ADDR', got)
            elif how == 'old':
                got = [killer.call('CLIENT', 'KILL', a) for a in addrs]
                want(got == [('+', b'OK')] * 4, 'CLIENT KILL', got)
            else:
                want(killer.call('CLIENT', 'KILL', 'TYPE', 'normal') == 4,
                     'CLIENT KILL TYPE normal')
            for victim in victims:
                want(victim.is_closed(), 'a killed client is still connected, by', how)
                victim.close()
        want(killer.call('PING') == ('+', b'PONG'), 'the killer was killed')
        killer.send(cmd('CLIENT', 'KILL', 'SKIPME', 'no', 'ID',
                        killer.call('CLIENT', 'ID')) + cmd('PING'))
        want(killer.read() == 1 and killer.is_closed(), 'a client cannot kill itself')


@case
def client_list_names_every_connection(bench):
    server = bench.server()
    conns = [server.conn() for _ in range(20)]
    for n, conn in enumerate(conns):
        conn.call('CLIENT', 'SETNAME', 'conn-%d' % n)
        conn.call('SELECT', n % 5)
    rows = [dict(word.split(b'=', 1) for word in line.split())
            for line in conns[0].call('CLIENT', 'LIST').splitlines()]
    by_name = {row[b'name']: row for row in rows}
    want(len(rows) == 20, 'CLIENT LIST has', len(rows), 'rows')
    for n, conn in enumerate(conns):
        row = by_name.get(b'conn-%d' % n)
        want(row is not None, 'CLIENT LIST has no conn-%d' % n)
        want(row[b'addr'] == b'%s:%d' % (conn.sock.getsockname()[0].encode(),
                                         conn.sock.getsockname()[1]), 'addr', row)
        want(row[b'db'] == b'%d' % (n % 5) and int(row[b'id']) == conn.call('CLIENT', 'ID'),
             'db or id', row)
    for conn in conns:
        conn.close()


@case
def paused_clients_wait(bench):
    server = bench.server()
    conns = [server.conn() for _ in range(8)]
    with server.conn() as control:
        for conn in conns:
            conn.call('PING')
        control.call('CLIENT', 'PAUSE', 10000, 'WRITE')
        for conn in conns:
            want(conn.call('GET', 'p') in (('$-1',),), 'a read waits for CLIENT PAUSE WRITE')
            conn.send(cmd('SET', 'p', 'x'))
        time.sleep(0.3)
        for conn in conns:
            want(not conn.is_closed(0.01) and not conn.buf, 'a write was done while paused')
        want(control.call('CLIENT', 'UNPAUSE') == ('+', b'OK'), 'CLIENT UNPAUSE')
        for conn in conns:
            want(conn.read() == ('+', b'OK'), 'SET after UNPAUSE')
        started = time.monotonic()
        control.call('CLIENT', 'PAUSE', 400, 'ALL')
        want(conns[0].call('GET', 'p') == b'x', 'GET after the pause')
        want(time.monotonic() - started > 0.35, 'CLIENT PAUSE ALL does not pause')
    for conn in conns:
        conn.close()


@case
def shutdown_ends_with_status_0(bench):
    for words in (('SHUTDOWN',), ('SHUTDOWN', 'NOSAVE'), ('SHUTDOWN', 'NOSAVE', 'NOW', 'FORCE')):
        server = bench.server()
        with server.conn() as conn, server.conn() as other:
            other.call('SET', 'a', 'b')
            conn.send(cmd(*words))
            want(conn.is_closed(20) and not conn.buf, words, 'answers', bytes(conn.buf))
            want(server.wait_exit() == 0, words, 'exits with', server.status)
            want(other.is_closed(), 'other connections survive')


def signalled(bench, number):
    """The server is told to end while clients keep it busy."""
    server = bench.server()
    stop = threading.Event()
    served = [0]

    def load():
        try:
            with server.conn(timeout_s=20) as conn:
                while not stop.is_set():
                    conn.pipeline([('SET', 'l:%d' % n, 'x' * 100) for n in range(50)])
                    served[0] += 50
        except (Closed, Timeout, OSError):
            pass
    threads = [threading.Thread(target=load, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    until(lambda: served[0] > 500, what='serving')
    server.proc.send_signal(number)
    status = server.wait_exit(30)
    stop.set()
    for thread in threads:
        thread.join(20)
    want(status == 0, 'exits with', status, server.log()[-500:])


@case
def sigterm_under_load_ends_with_status_0(bench):
    signalled(bench, signal.SIGTERM)


@case
def sigint_under_load_ends_with_status_0(bench):
    signalled(bench, signal.SIGINT)


@case
def two_servers_do_not_share_a_port(bench):
    """SO_REUSEPORT must not let a second server slip onto the first one's port."""
    first = bench.server()
    second = bench.server(('port', first.port), expect_start=False)
    status = second.wait_exit(20)
    want(status != 0, 'a second server started on the same port')
    with first.conn() as conn:
        want(conn.call('PING') == ('+', b'PONG'), 'the first server is gone')
