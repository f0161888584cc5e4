"""redis-cli: what it does beside sending one command."""
import os
import pty
import re
import select
import subprocess
import time

from clients_case import programs, run
from conn_case import case, until, want
from harness.resp import cmd as resp_command


def cli(program, server, *words, given=b'', status=0):
    return run([program, '-p', str(server.port)] + list(words), given, status=status)


def fill(server, keys_n, prefix=b'key:'):
    with server.conn() as conn:
        conn.pipeline([(b'SET', prefix + b'%d' % n, b'v' * (n % 50)) for n in range(keys_n)])


@case
def redis_cli_sends_commands_in_each_of_its_ways(b):
    server = b.server()
    for program in programs('cli'):
        def say(*words, **kw):
            return cli(program, server, *words, **kw)
        say('FLUSHALL')
        want(say('SET', 'k', 'v 1') == b'OK\n', program, 'SET')
        want(say('GET', 'k') == b'v 1\n', program, 'GET')
        want(say('-3', 'GET', 'nothing') == b'\n', program, 'GET in RESP3')
        want(b'proto 3' in say('-3', 'HELLO'), program, 'HELLO')
        want(say('-n', '3', 'GET', 'k') == b'\n', program, 'another database')
        want(say('-x', 'SET', 'stdin', given=b'a\x00b\r\n') == b'OK\n', program, '-x')
        want(say('STRLEN', 'stdin') == b'5\n', program, 'what -x sent')
        want(say('-r', '3', 'INCR', 'n') == b'1\n2\n3\n', program, '-r')
        want(say(given=b'SET a 1\nINCRBY a 41\nget a\n') == b'OK\n42\n42\n', program, 'a script')
        want(say('-e', 'NOSUCH', status=1).startswith(b"ERR unknown command 'NOSUCH'"), program,
             'an error')
        want(say('--no-raw', 'MGET', 'a', 'nothing') == b'1) "42"\n2) (nil)\n', program, '--no-raw')
        want(say('--json', '-3', 'MGET', 'a', 'nothing') == b'["42",null]\n', program, '--json')
        want(b'slipring_version' in say('INFO', 'server'), program, 'INFO')


@case
def redis_cli_inserts_a_mass_of_keys_through_its_pipe(b):
    server = b.server()
    keys_n = 20000 if b.quick else 200000
    for program in programs('cli'):
        cli(program, server, 'FLUSHALL')
        data = b''.join(resp_command('SET', b'key:%d' % n, b'x' * (n % 70)) for n in range(keys_n))
        out = cli(program, server, '--pipe', given=data)
        want(b'errors: 0, replies: %d' % keys_n in out, program, out)
        want(cli(program, server, 'DBSIZE') == b'%d\n' % keys_n, program, 'DBSIZE')
        out = cli(program, server, '--pipe', given=resp_command('INCR', 'key:3') +
                  resp_command('SET', 'last', '1'), status=None)
        want(b'errors: 1, replies: 2' in out, program, 'an error in the middle:', out)


@case
def redis_cli_walks_the_keyspace(b):
    server = b.server()
    keys_n = 3000 if b.quick else 30000
    fill(server, keys_n)
    for program in programs('cli'):
        keys = cli(program, server, '--scan').split()
        want(sorted(keys) == sorted(b'key:%d' % n for n in range(keys_n)), program, '--scan gives',
             len(keys), 'keys')
        keys = cli(program, server, '--scan', '--pattern', 'key:1*').split()
        want(set(keys) == {b'key:%d' % n for n in range(keys_n) if str(n)[0] == '1'}, program,
             '--pattern gives', len(keys), 'keys')
        out = cli(program, server, '--bigkeys')
        want(b'Sampled %d keys in the keyspace!' % keys_n in out, program, out)
        want(re.search(rb'Biggest string found \S+ has 49 bytes', out), program, out)
        want(b'%d strings with %d bytes' % (keys_n, sum(n % 50 for n in range(keys_n))) in out,
             program, out)
        out = cli(program, server, '--memkeys')
        want(b'Sampled %d keys in the keyspace!' % keys_n in out, program, out)
        want(re.search(rb'%d strings with [1-9]\d+ bytes' % keys_n, out), program, out)


@case
def redis_cli_shows_what_others_do(b):
    server = b.server()
    for program in programs('cli'):
        monitor = subprocess.Popen([program, '-p', str(server.port), 'MONITOR'],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        seen = b''
        try:
            os.set_blocking(monitor.stdout.fileno(), False)

            def read():
                nonlocal seen
                seen += monitor.stdout.read() or b''
                return seen
            until(lambda: b'OK\n' in read(), what='MONITOR')
            with server.conn() as conn:
                conn.call('SELECT', '3')
                for n in range(20):  # they are on different shards
                    conn.call('SET', b'key:%d' % n, b'a"b\r\n\x01')
                conn.call('AUTH', 'secret')
                conn.call('MGET', 'key:1', 'key:2')
            until(lambda: b'"mget"' in read().lower(), what='the last command')
        finally:
            monitor.kill()
            monitor.wait()
            monitor.stdout.close()
        lines = [line for line in seen.splitlines() if re.search(rb'(?i)"set" ', line)]
        want(len(lines) == 20, program, 'MONITOR shows', seen)
        for n, line in enumerate(lines):
            want(re.fullmatch(rb'\d{10}\.\d{6} \[3 127\.0\.0\.1:\d+\] "(?i:set)" "key:%d" '
                              rb'"a\\"b\\r\\n\\x01"' % n, line), program, 'MONITOR shows', line)
        want(b'secret' not in seen, program, 'MONITOR gives a password away')


@case
def redis_cli_measures_latency(b):
    server = b.server()
    for program in programs('cli')[:1]:
        out = cli(program, server, '--raw', '--latency')
        want(re.fullmatch(rb'\d+ \d+ \d+\.\d+ \d+\n', out), program, out)


@case
def redis_cli_reads_the_help_of_all_commands_from_the_server(b):
    """At a terminal it asks for COMMAND DOCS, and falls over if that is not what it expects."""
    server = b.server()
    for program in programs('cli'):
        child, terminal = pty.fork()
        if child == 0:
            os.environ.update(TERM='dumb', HOME='/nonexistent', LC_ALL='C.UTF-8')
            os.execv(program, [program, '-p', str(server.port)])
        out = b''

        def read(what, within_s=20.0):
            nonlocal out
            deadline = time.monotonic() + within_s
            while what not in out and time.monotonic() < deadline:
                if select.select([terminal], [], [], 0.1)[0]:
                    try:
                        out = re.sub(rb'\x1b\[[0-9;]*[A-Za-z]', b'', out + os.read(terminal, 65536))
                    except OSError:
                        break
            want(what in out, program, 'does not say', what, 'but', out)
            out = b''
        try:
            read(b'%d> ' % server.port)
            os.write(terminal, b'HELP GETEX\n')
            read(b'GETEX key')
            os.write(terminal, b'HELP @string\n')
            read(b'STRLEN key')
            os.write(terminal, b'SET a 1\n')
            read(b'OK')
            os.write(terminal, b'GET a\n')
            read(b'"1"')
            os.write(terminal, b'QUIT\n')
            time.sleep(0.1)
        finally:
            os.close(terminal)
            os.waitpid(child, 0)
