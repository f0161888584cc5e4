"""Plays one sequence on the judge and on the servers under test at the same time, and compares.

A batch of commands goes out in one piece, with an ECHO of a fresh token behind it. Once a server's
answer ends with that token's reply, the batch is answered. Bytes that are equal need no parsing,
which is what makes this fast; only where they differ are the replies parsed and judged one by one.
"""
import os
import time

from harness.gen import DBS, Pause, ScanLoop, Silent, Transfer
from harness.gen_server import DIRECTIVES
from harness.resp import (DUPLEX_BYTES, Closed, ProtocolError, Timeout, cmd, encode, is_error,
                          parse_all, show)

import compare
import known

SCAN_STEPS_MAX = 100000
EXPIRE_S_MAX = 3.0
NOT_SETTABLE = (b'nosuchdirective', b'port-foo', b'databases')


class Difference:
    """Where a server parted from the judge. `index` is that of the item in the sequence."""

    def __init__(self, side, index, command, judge, target, note=''):
        self.side = side
        self.index = index
        self.command = command
        self.judge = judge
        self.target = target
        self.note = note

    def what(self):
        """What makes two differences the same one while a sequence is made shorter."""
        return (compare.rule_name(self.command) if self.command else self.note,
                is_error(self.judge), is_error(self.target))

    def text(self):
        lines = ['  server : %s' % self.side.server.name]
        if self.index is not None:
            lines.append('  index  : %d' % self.index)
        if self.command:
            lines.append('  command: %s' % show(self.command))
            lines.append('  judge  : %s' % show(self.judge))
            lines.append('  server : %s' % show(self.target))
        if self.note:
            lines.append('  note   : %s' % self.note)
        return '\n'.join(lines)


class Side:
    """One server of the comparison with its present connection."""

    def __init__(self, server):
        self.server = server
        self.conn = None

    def restart(self, proto, reset_config):
        """A new connection to an empty server."""
        if self.conn:
            self.conn.close()
        self.conn = self.server.conn(timeout_s=60)
        cmds = [(b'FLUSHALL',)]
        if reset_config:
            for name, values in DIRECTIVES.items():
                if name not in NOT_SETTABLE:
                    cmds.append((b'CONFIG', b'SET', name, values[0]))
            cmds.append((b'CONFIG', b'RESETSTAT'))
        cmds.append((b'HELLO', b'%d' % proto))
        reply = self.conn.pipeline(cmds)
        if is_error(reply[0]) or is_error(reply[-1]):
            raise ProtocolError('%s: %r' % (self.server.name, reply))


class Player:
    """Runs sequences and counts."""

    def __init__(self):
        self.compared = 0
        self.known_hits = {}
        self.token_n = 0

    def play(self, judge, targets, items, proto, batch_of, reset_config=False):
        """Runs the sequence and the comparison of all keys at its end. A Difference, or None.
        `batch_of()` says how many commands the next batch has."""
        for side in [judge] + targets:
            side.restart(proto, reset_config)
        found = self.run(judge, targets, items, batch_of)
        return found or self.compare_keyspace(judge, targets)

    def run(self, judge, targets, items, batch_of):
        pos, items_n = 0, len(items)
        batch = self.gather(items, 0, batch_of())
        while pos < items_n:
            if not batch[1]:  # a barrier
                found = self.barrier(judge, targets, pos, items[pos])
                pos += 1
                batch = self.gather(items, pos, batch_of())
            else:
                found, batch, pos = self.exchange(judge, targets, items, pos, batch, batch_of)
            if found:
                return found
        return None

    def gather(self, items, pos, size):
        """The next batch: where it ends, its commands with their items' indexes, its bytes."""
        start, cmds, parts = pos, [], []
        items_n = len(items)
        while pos < items_n and len(cmds) < size:
            item = items[pos]
            if type(item) in (Pause, ScanLoop, Transfer):
                break
            for command in item:
                cmds.append((pos, command))
                parts.append(encode(command))
            pos += 1
        self.token_n += 1
        token = b'~%d~%d~' % (os.getpid(), self.token_n)
        parts.append(b'*2\r\n$4\r\nECHO\r\n$%d\r\n%b\r\n' % (len(token), token))
        tail = b'$%d\r\n%b\r\n' % (len(token), token)
        return pos, cmds if pos > start else [], b''.join(parts), tail

    def exchange(self, judge, targets, items, pos, batch, batch_of):
        """Sends a batch everywhere, prepares the next one meanwhile, compares."""
        end, cmds, data, tail = batch
        sides = [judge] + targets
        side = judge
        answers = []
        following = None
        try:
            for side in sides:
                if len(data) <= DUPLEX_BYTES:
                    side.conn.send(data)
                else:
                    side.conn.exchange_send(data)
            following = self.gather(items, end, batch_of())
            for side in sides:
                answers.append(side.conn.read_until_tail(tail))
        except (Closed, Timeout, ProtocolError, OSError) as err:
            return self.broken(side, cmds, err), None, end
        self.compared += len(cmds) * len(targets)
        wanted = answers[0]
        for side, answer in zip(targets, answers[1:]):
            if answer != wanted:
                found = self.find(side, cmds, wanted, answer)
                if found:
                    return found, None, end
        return None, following, end

    def broken(self, side, cmds, err):
        """The server closed, hung or sent nonsense. The replies that came say at which command."""
        try:
            got_n = len(parse_all(bytes(side.conn.buf)))
        except Exception:  # cut in the middle of a reply: no better guess
            got_n = 0
        loud = [c for c in cmds if not isinstance(c[1], Silent)]
        index, command = loud[min(got_n, len(loud) - 1)] if loud else cmds[0]
        died = '' if side.server.alive() else '; the server died'
        return Difference(side, index, command, b'', b'',
                          '%s: %s%s' % (type(err).__name__, err, died))

    def find(self, side, cmds, wanted, answer):
        """The first command of a batch whose replies differ and may not."""
        try:
            theirs, mine = parse_all(wanted)[:-1], parse_all(answer)[:-1]
        except Exception as err:
            return Difference(side, cmds[0][0], cmds[0][1], wanted[:200], answer[:200],
                              'unreadable: %r' % err)
        loud = [c for c in cmds if not isinstance(c[1], Silent)]
        for (index, command), a, b in zip(loud, theirs, mine):
            if a == b or compare.same(command, a, b):
                continue
            why = known.explain(side.server, command, a, b)
            if why is None:
                return Difference(side, index, command, a, b)
            self.known_hits[why] = self.known_hits.get(why, 0) + 1
        if len(theirs) != len(mine):
            return Difference(side, cmds[0][0], None, None, None,
                              '%d replies instead of %d to the batch %s' % (
                len(mine), len(theirs), show([c for _, c in cmds[:20]])))
        return None

    def barrier(self, judge, targets, index, item):
        if isinstance(item, Pause):
            time.sleep(item.ms / 1000)
            return None
        if isinstance(item, Transfer):
            return self.transfer(judge, targets, index, item)
        seen = []
        for side in [judge] + targets:
            try:
                seen.append(scan_all(side.conn, item.args))
            except (Closed, Timeout, ProtocolError, OSError) as err:
                return Difference(side, index, [b'SCAN'] + item.args, b'', b'', repr(err))
        for side, keys in zip(targets, seen[1:]):
            self.compared += 1
            if keys == seen[0]:
                continue
            command = [b'SCAN', b'(all of it)'] + item.args
            why = known.explain(side.server, command, seen[0], keys)
            if why is None:
                return Difference(side, index, command, *(sorted(v) if isinstance(v, set) else v
                                                          for v in (seen[0], keys)))
            self.known_hits[why] = self.known_hits.get(why, 0) + 1
        return None

    def transfer(self, judge, targets, index, item):
        """DUMP on every server, RESTORE of that. What is restored is compared at the sequence's end."""
        sides = [judge] + targets
        given = [side.conn.call(b'DUMP', item.source) for side in sides]
        for side, reply in zip(targets, given[1:]):
            if not compare.same([b'DUMP', item.source], given[0], reply):
                return Difference(side, index, [b'DUMP', item.source], given[0], reply)
        if not isinstance(given[0], bytes):
            return None
        if item.giver != Transfer.OWN:
            given = [given[0 if item.giver == Transfer.JUDGE else 1]] * len(sides)
        batch = []
        for side, payload in zip(sides, given):
            command = list(item)
            command[3] = payload
            batch.append((command, side.conn.call(*command)))
        for side, (command, reply) in zip(targets, batch[1:]):
            self.compared += 2
            if reply != batch[0][1]:
                return Difference(side, index, command, batch[0][1], reply)
        return None

    def compare_keyspace(self, judge, targets):
        """Every key of every database: type, encoding, TTL and value; and DBSIZE, RANDOMKEY."""
        for db in DBS:
            sides = [judge] + targets
            for side in sides:
                reply = side.conn.call('SELECT', db)
                if is_error(reply):
                    return Difference(side, None, [b'SELECT', b'%d' % db], ('+', b'OK'), reply)
            lists = [sorted(side.conn.call('KEYS', '*')) for side in sides]
            for side, keys in zip(targets, lists[1:]):
                if keys != lists[0]:
                    return Difference(side, None, [b'KEYS', b'*'], lists[0], keys,
                                      'at the end, in db %d' % db)
            types = judge.conn.pipeline([(b'TYPE', key) for key in lists[0]])
            items = []
            for key, type_ in zip(lists[0], types):
                item = [[b'TYPE', key], [b'TTL', key]] + value_of(key, type_[1])
                # Newer judges have other thresholds, and sets one more form since Redis 7.2.
                if judge.server.version < (7, 1) and type_[1] != b'set':
                    item.append([b'object', b'encoding', key])
                items.append(item)
            for side in targets:
                count = settled_dbsize(side.conn, len(lists[0]))
                if count != len(lists[0]):
                    return Difference(side, None, [b'DBSIZE'], len(lists[0]), count,
                                      'at the end, in db %d' % db)
            for side in targets if lists[0] else ():
                key = side.conn.call('RANDOMKEY')
                if key not in lists[0]:
                    return Difference(side, None, [b'RANDOMKEY'], lists[0], key,
                                      'at the end, in db %d' % db)
            found = self.run(judge, targets, items, lambda: 500)
            if found:
                found.index = None
                found.note += 'at the end, in db %d' % db
                return found
        return None


def settled_dbsize(conn, wanted):
    """DBSIZE, which may count a key whose time is over, but not for long."""
    deadline = time.monotonic() + EXPIRE_S_MAX
    while True:
        count = conn.call('DBSIZE')
        if count == wanted or time.monotonic() > deadline:
            return count
        time.sleep(0.02)


def value_of(key, type_):
    return {b'string': [[b'GET', key]], b'list': [[b'LRANGE', key, b'0', b'-1']],
            b'set': [[b'SMEMBERS', key]], b'hash': [[b'HGETALL', key]],
            b'zset': [[b'ZRANGE', key, b'0', b'-1', b'WITHSCORES']],
            b'stream': [[b'XRANGE', key, b'-', b'+']]}.get(type_, [])


def scan_all(conn, args):
    """All keys of a whole iteration, or the error."""
    cursor, keys = b'0', set()
    for _ in range(SCAN_STEPS_MAX):
        conn.send(cmd('SCAN', cursor, *args))
        reply = conn.read()
        if is_error(reply):
            return reply
        cursor = reply[0]
        keys.update(reply[1])
        if cursor == b'0':
            return keys
    raise Timeout('SCAN does not come to an end')
