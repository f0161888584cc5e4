"""redis-py. It may belong to another Python than this one, so its cases are a program of their own."""
import os
import subprocess
import sys

from clients_case import run
from conn_case import Skip, case

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'clients_redispy.py')


def python_with_redis():
    for python in (sys.executable, '/usr/bin/python3'):
        try:
            if subprocess.run([python, '-c', 'import redis'], capture_output=True,
                              timeout=60, check=False).returncode == 0:
                return python
        except OSError:
            pass
    raise Skip('no Python with redis-py (Debian: python3-redis)')


@case
def redis_py_finds_what_it_expects(b):
    python = python_with_redis()
    server = b.server()
    run([python, PROGRAM, 'open', str(server.port)] + (['--quick'] if b.quick else []))


@case
def redis_py_logs_in_and_speaks_over_a_unix_socket(b):
    python = python_with_redis()
    path = '/tmp/slipring-clients-%d.sock' % os.getpid()
    server = b.server(('requirepass', 'a secret'), ('unixsocket', path))
    run([python, PROGRAM, 'closed', str(server.port), '--socket', path])
