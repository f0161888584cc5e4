"""redis-benchmark: all tests of its default list that need nothing but strings."""
from clients_case import programs, run
from conn_case import case, want

TESTS = ('ping_inline', 'ping_mbulk', 'set', 'get', 'incr', 'mset')
NAMES = (b'PING_INLINE', b'PING_MBULK', b'SET', b'GET', b'INCR', b'MSET (10 keys)')


def bench(program, server, requests_n, *options):
    """Each test must give a figure, and nothing may be complained of."""
    out = run([program, '-p', str(server.port), '-n', str(requests_n), '-t', ','.join(TESTS),
               '--csv'] + list(options))
    want(b'rror' not in out and b'WARNING' not in out, options, 'complains:', out)
    rows = [line.split(b'","') for line in out.splitlines() if line.startswith(b'"')]
    rates = {row[0].strip(b'"'): row[1].strip(b'"') for row in rows[1:]}
    for name in NAMES:
        if name == b'PING_MBULK' and name not in rates:
            continue  # newer ones print PING_INLINE and PING_MBULK under other names
        want(name in rates, options, 'no figure for', name, 'in', out)
        want(float(rates[name]) > 0, options, name, 'did nothing:', out)


@case
def redis_benchmark_gets_through_its_default_list_without_an_error(b):
    server = b.server()
    requests_n = 10000 if b.quick else 50000
    for program in programs('benchmark')[:1 if b.quick else None]:
        for options in ([], ['-P', '16'], ['--threads', '2'], ['--threads', '2', '-P', '16'],
                        ['-P', '16', '-r', '1000', '-d', '1000']):
            bench(program, server, requests_n, *options)
    with server.conn() as conn:
        want(conn.call('EXISTS', 'key:__rand_int__', 'counter:__rand_int__') == 2,
             'the keys of redis-benchmark are not there')


@case
def redis_benchmark_runs_a_command_of_ones_own(b):
    server = b.server()
    program = programs('benchmark')[0]
    out = run([program, '-p', str(server.port), '-n', '5000', '-P', '8', '-q', '-r', '100',
               'SET', 'own:__rand_int__', 'v', 'EX', '1000'])
    want(b'requests per second' in out and b'rror' not in out, out)
    with server.conn() as conn:
        want(conn.call('DBSIZE') == 100, 'DBSIZE is', conn.call('DBSIZE'))
        want(conn.call('TTL', 'own:000000000001') > 900, 'no time to live')
