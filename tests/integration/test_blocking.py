#!/usr/bin/env python3
"""Clients that block: who is served, in which order, and what ends a wait.

  tests/integration/test_blocking.py --server PATH [--io-backend B] [--shards 1,4] [--quick]
                                     [--case WORD] [--list]

The cases stand in block_order.py, block_end.py and block_chaos.py. They hold for redis-server as well
(--server /usr/bin/redis-server), but for what only several shards have and for timeouts to the
millisecond. What needs a command that the server does not have is skipped.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))

import block_chaos  # noqa: E402,F401
import block_end  # noqa: E402,F401
import block_order  # noqa: E402,F401
from conn_case import run_cases  # noqa: E402

if __name__ == '__main__':
    if '--shards' not in ' '.join(sys.argv):
        sys.argv += ['--shards', '1,4']
    sys.exit(run_cases(__doc__))
