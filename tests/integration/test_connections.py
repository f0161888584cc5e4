#!/usr/bin/env python3
"""Connections, abused: many, slow, broken, hostile, and their limits.

  tests/integration/test_connections.py --server PATH [--io-backend B] [--shards 2] [--quick]
                                        [--case WORD] [--list]

The cases stand in conn_protocol.py, conn_limits.py and conn_life.py; redis-server 7.0 judges where
exact bytes count. A case that cannot be run on this machine is skipped by name.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))

import conn_life  # noqa: E402,F401
import conn_limits  # noqa: E402,F401
import conn_protocol  # noqa: E402,F401
from conn_case import run_cases  # noqa: E402

if __name__ == '__main__':
    sys.exit(run_cases(__doc__))
