#!/usr/bin/env python3
"""Programs that were written for Redis: do they work, and do they see what they should?

  tests/integration/test_clients.py --server PATH [--io-backend B] [--shards 2] [--quick]
                                    [--case WORD] [--list]

redis-cli and redis-benchmark of the Debian package, those of PEERS=DIR (DIR/bin/valkey9-cli) where
they are, and Debian's python3-redis, whose own program is clients_redispy.py. What is not
installed is skipped by name; exit status 77 if that is all.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))

import clients_benchmark  # noqa: E402,F401
import clients_cli  # noqa: E402,F401
import clients_python  # noqa: E402,F401
from conn_case import run_cases  # noqa: E402

if __name__ == '__main__':
    sys.exit(run_cases(__doc__))
