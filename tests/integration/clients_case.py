"""What the cases of test_clients.py share: finding programs and running them."""
import os
import shutil
import subprocess

from conn_case import Skip, want
from harness.server import peer_path

PROGRAM_S_MAX = 120
PEERS = ('valkey9', 'redis8')


def programs(kind):
    """Paths of all programs of this kind: redis-cli, valkey9-cli, redis8-cli."""
    found = [shutil.which('redis-' + kind)] + [peer_path(peer + '-' + kind) for peer in PEERS]
    found = [path for path in found if path]
    if not found:
        raise Skip('no redis-%s (Debian: redis-tools)' % kind)
    return found


def run(argv, given=b'', within_s=PROGRAM_S_MAX, status=0):
    """What the program printed on both streams. Fails if it hangs or ends otherwise."""
    try:
        done = subprocess.run(argv, input=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=within_s, check=False, env=dict(os.environ, LC_ALL='C.UTF-8'))
    except subprocess.TimeoutExpired as late:
        want(False, '%s: longer than %d s:' % (' '.join(argv), within_s), late.stdout)
    want(status is None or done.returncode == status,
         '%s: status %d:' % (' '.join(argv), done.returncode), done.stdout)
    return done.stdout
