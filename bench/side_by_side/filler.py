"""Writes what the load generators do not know: collections, over one pipelined connection."""
import socket

from servers import ServerFailure

BATCH_BYTES = 1 << 18
TIMEOUT_S = 120


def encoded(args):
    parts = [b'*%d\r\n' % len(args)]
    for arg in args:
        data = arg if isinstance(arg, bytes) else str(arg).encode()
        parts.append(b'$%d\r\n%b\r\n' % (len(data), data))
    return b''.join(parts)


def fill(server, commands):
    """Sends all commands; every reply must be one line (a status or an integer) and no error."""
    with socket.create_connection(('127.0.0.1', server.port), timeout=TIMEOUT_S) as sock:
        with sock.makefile('rb') as file:
            batch, size, count = [], 0, 0
            for args in commands:
                batch.append(encoded(args))
                size += len(batch[-1])
                count += 1
                if size >= BATCH_BYTES:
                    _flush(server, sock, file, batch, count)
                    batch, size, count = [], 0, 0
            _flush(server, sock, file, batch, count)


def _flush(server, sock, file, batch, count):
    sock.sendall(b''.join(batch))
    for _ in range(count):
        line = file.readline()
        if line[:1] == b'$':  # XADD's id
            file.readline()
        elif line[:1] not in (b'+', b':'):
            raise ServerFailure('%s answered %r' % (server.label, line))
