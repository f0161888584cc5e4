"""Blocking tests: who is served by what, in which order."""
from block_case import Blocked, info, needs, until_blocked
from conn_case import case, want
from harness.resp import is_error


@case
def waiters_are_served_in_the_order_of_their_arrival(bench):
    server = bench.server()
    with server.conn() as conn:
        needs(conn, 'blpop')
        waiters = [Blocked(server, conn, 'BLPOP', 'q', '0') for _ in range(6)]
        want(conn.pipeline([('RPUSH', 'q', 'a', 'b', 'c'), ('LLEN', 'q')]) == [3, 0],
             'a push serves whom it can before the next command')
        for waiter, element in zip(waiters, (b'a', b'b', b'c')):
            want(waiter.reply() == [b'q', element], 'not its element', element)
        until_blocked(conn, 3)
        for waiter, element in zip(waiters[3:], (b'x', b'y', b'z')):
            conn.call('LPUSH', 'q', element)
            want(waiter.reply() == [b'q', element], 'not its element', element)
        until_blocked(conn, 0)


@case
def one_of_several_keys_serves_and_no_other(bench):
    server = bench.server()
    with server.conn() as conn:
        needs(conn, 'blpop')
        keys = ['k%d' % n for n in range(12)]
        for key in keys:
            waiter = Blocked(server, conn, 'BLPOP', *keys, key, '0')
            conn.call('RPUSH', key, 'v')
            want(waiter.reply() == [key.encode(), b'v'], 'not served by', key)
            waiter.close()
        for key in keys:
            want(conn.call('RPUSH', key, 'w') == 1, 'something took from', key)
        conn.call('DEL', *keys)


@case
def a_chain_of_moves_passes_an_element_on(bench):
    server = bench.server()
    with server.conn() as conn:
        needs(conn, 'blpop', 'blmove')
        count = 10
        moves = [Blocked(server, conn, 'BLMOVE', 'c%d' % n, 'c%d' % (n + 1), 'LEFT', 'RIGHT', '0')
                 for n in reversed(range(count))]
        last = Blocked(server, conn, 'BLPOP', 'c%d' % count, '0')
        want(conn.call('RPUSH', 'c0', 'x') == 1, 'RPUSH')
        for move in moves:
            want(move.reply() == b'x', 'a link of the chain')
        want(last.reply() == [b'c%d' % count, b'x'], 'the end of the chain')
        want(conn.call('DBSIZE') == 0, 'something is left')


@case
def a_move_keeps_its_place_before_later_waiters(bench):
    server = bench.server()
    with server.conn() as conn:
        needs(conn, 'blpop', 'blmove')
        for other in ('to', 'tp', 'tq', 'tr'):
            move = Blocked(server, conn, 'BLMOVE', 'from', other, 'LEFT', 'RIGHT', '0')
            pop = Blocked(server, conn, 'BLPOP', 'from', '0')
            conn.call('RPUSH', 'from', '1', '2')
            want(move.reply() == b'1', 'the move came first')
            want(pop.reply() == [b'from', b'2'], 'then the pop')


@case
def a_move_to_a_wrong_type_says_so_and_takes_nothing(bench):
    server = bench.server()
    with server.conn() as conn:
        needs(conn, 'blmove')
        conn.call('SET', 'to', 'x')
        move = Blocked(server, conn, 'BLMOVE', 'from', 'to', 'LEFT', 'RIGHT', '0')
        conn.call('RPUSH', 'from', '1')
        want(move.reply()[1].startswith(b'WRONGTYPE'), 'no error')
        want(conn.call('LRANGE', 'from', '0', '-1') == [b'1'], 'the element is gone')


@case
def what_was_renamed_swapped_or_restored_serves_too(bench):
    server = bench.server()
    with server.conn() as conn:
        needs(conn, 'blpop')
        waiter = Blocked(server, conn, 'BLPOP', 'q', '0')
        conn.pipeline([('RPUSH', 'other', 'a'), ('RENAME', 'other', 'q')])
        want(waiter.reply() == [b'q', b'a'], 'RENAME')
        waiter = Blocked(server, conn, 'BLPOP', 'q', '0')
        conn.pipeline([('RPUSH', 'other', 'b'), ('COPY', 'other', 'q'), ('DEL', 'other')])
        want(waiter.reply() == [b'q', b'b'], 'COPY')
        waiter = Blocked(server, conn, 'BLPOP', 'q', '0')
        conn.pipeline([('SELECT', '9'), ('RPUSH', 'q', 'c'), ('SELECT', '0'), ('SWAPDB', '0', '9')])
        want(waiter.reply() == [b'q', b'c'], 'SWAPDB')
        waiter = Blocked(server, conn, 'BLPOP', 'q', '0')
        conn.pipeline([('SELECT', '9'), ('RPUSH', 'q', 'd'), ('MOVE', 'q', '0'), ('SELECT', '0')])
        want(waiter.reply() == [b'q', b'd'], 'MOVE')
        want(conn.call('DBSIZE') == 0, 'something is left')


@case
def a_wrong_type_or_a_deletion_does_not_wake_a_pop(bench):
    server = bench.server()
    with server.conn() as conn:
        needs(conn, 'blpop')
        waiter = Blocked(server, conn, 'BLPOP', 'q', '0')
        conn.pipeline([('SET', 'q', 'x'), ('DEL', 'q'), ('SADD', 'q', 'x'), ('FLUSHALL',),
                       ('SET', 'q', 'x', 'PX', '1')])
        want(waiter.is_waiting(), 'it was woken')
        conn.pipeline([('DEL', 'q'), ('RPUSH', 'q', 'y')])
        want(waiter.reply() == [b'q', b'y'], 'not served after that')


@case
def an_empty_name_is_a_key(bench):
    server = bench.server()
    with server.conn() as conn:
        needs(conn, 'blpop')
        waiter, other = Blocked(server, conn, 'BLPOP', '', '0'), Blocked(server, conn, 'BLPOP', 'q', '0')
        conn.call('RPUSH', '', 'x')
        want(waiter.reply() == [b'', b'x'], 'the empty key')
        want(other.is_waiting(), 'the other key')


@case
def lists_and_sorted_sets_share_a_queue(bench):
    server = bench.server()
    with server.conn() as conn:
        needs(conn, 'blpop', 'bzpopmin')
        pop, zpop = Blocked(server, conn, 'BLPOP', 'k', '0'), Blocked(server, conn, 'BZPOPMIN', 'k', '0')
        conn.call('ZADD', 'k', '1', 'm')
        want(zpop.reply() == [b'k', b'm', b'1'], 'BZPOPMIN')
        want(pop.is_waiting(), 'BLPOP by a sorted set')
        conn.call('RPUSH', 'k', 'e')
        want(pop.reply() == [b'k', b'e'], 'BLPOP')


@case
def many_waiters_of_many_keys_leave_nothing_behind(bench):
    server = bench.server()
    with server.conn() as conn:
        needs(conn, 'blpop')
        keys = ['{tag}%d' % n for n in range(300)] + ['k%d' % n for n in range(300)]
        waiters = [Blocked(server, conn, 'BLPOP', *keys, '0') for _ in range(10)]
        if server.flavor == 'slipring':
            want(info(conn, 'total_blocking_keys') == 600, 'total_blocking_keys')
        for waiter, key in zip(waiters, ('{tag}0', 'k0', '{tag}299', 'k299', 'k5') * 2):
            conn.call('RPUSH', key, 'v')
            want(waiter.reply() == [key.encode(), b'v'], 'not served by', key)
        until_blocked(conn, 0)
        want(conn.call('DBSIZE') == 0, 'something is left')


@case
def a_blocked_client_sends_on_and_is_answered_in_order(bench):
    server = bench.server()
    with server.conn() as conn, server.conn() as waiter:
        needs(conn, 'blpop')
        waiter.send(b''.join(b'*%d\r\n' % len(words) + b''.join(
            b'$%d\r\n%s\r\n' % (len(word), word) for word in words) for words in (
                [b'SET', b'a', b'1'], [b'BLPOP', b'q', b'p', b'0'], [b'GET', b'a'],
                [b'BLPOP', b'p', b'0'], [b'PING'])))
        want(waiter.read() == ('+', b'OK'), 'what came before')
        until_blocked(conn, 1)
        conn.pipeline([('SET', 'a', '2'), ('RPUSH', 'q', 'x')])
        want(waiter.read() == [b'q', b'x'], 'BLPOP')
        want(waiter.read() == b'2', 'what came behind it must be run after it')
        until_blocked(conn, 1)
        conn.call('RPUSH', 'p', 'y')
        want([waiter.read(), waiter.read()] == [[b'p', b'y'], ('+', b'PONG')], 'the second')


@case
def a_reader_of_a_group_is_told_when_the_group_is_gone(bench):
    server = bench.server()
    ways = ((('DEL', 's'),), (('UNLINK', 's'),), (('SET', 's', 'x'),), (('RENAME', 's', 't'),),
            (('PEXPIRE', 's', '1'),), (('FLUSHDB',),), (('FLUSHALL',),), (('SWAPDB', '0', '9'),),
            (('XGROUP', 'DESTROY', 's', 'g'),))
    with server.conn() as conn:
        needs(conn, 'xreadgroup')
        for way in ways:
            conn.call('FLUSHALL')
            conn.call('XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM')
            plain = Blocked(server, conn, 'XREAD', 'BLOCK', '0', 'STREAMS', 's', '$')
            reader = Blocked(server, conn, 'XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', '0', 'STREAMS',
                             's', '>')
            conn.pipeline(way)
            reply = reader.reply()
            want(is_error(reply) and reply[1].split(b' ')[0] in (b'NOGROUP', b'WRONGTYPE', b'UNBLOCKED'),
                 way, 'tells', reply)
            want(plain.is_waiting(), way, 'woke XREAD')
            plain.close()
            until_blocked(conn, 0)


@case
def all_readers_of_a_stream_get_an_entry_and_one_of_a_group(bench):
    server = bench.server()
    with server.conn() as conn:
        needs(conn, 'xreadgroup')
        conn.call('XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM')
        readers = [Blocked(server, conn, 'XREAD', 'BLOCK', '0', 'STREAMS', 'r', 's', '$', '$')
                   for _ in range(3)]
        members = [Blocked(server, conn, 'XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', '0', 'STREAMS', 's',
                           '>') for _ in range(3)]
        conn.call('XADD', 's', '1-1', 'f', 'v')
        entry = [[b's', [[b'1-1', [b'f', b'v']]]]]
        for reader in readers + members[:1]:
            want(reader.reply() == entry, 'a reader')
        want(members[1].is_waiting() and members[2].is_waiting(), 'one entry, two members')
        conn.call('XADD', 's', '1-2', 'f', 'v')
        want(members[1].reply() == [[b's', [[b'1-2', [b'f', b'v']]]]], 'the next member')


@case
def a_waiting_reader_follows_what_becomes_of_its_stream(bench):
    server = bench.server()
    group = ('XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', '0', 'STREAMS')
    new = lambda key, entry_id: [[key, [[entry_id, [b'f', b'v']]]]]  # noqa: E731
    # What is there first, who waits, what leaves it waiting, what wakes it, what it gets.
    stories = (
        ('reborn with lower ids', (), ('XREAD', 'BLOCK', '0', 'STREAMS', 's', '$'),
         (('DEL', 's'), ('XADD', 's', '0-5', 'f', 'v')), ('XADD', 's', '7-7', 'f', 'v'), new(b's', b'7-7')),
        ('another type for a while', (), ('XREAD', 'BLOCK', '0', 'STREAMS', 's', '$'),
         (('SET', 's', 'x'), ('DEL', 's')), ('XADD', 's', '7-7', 'f', 'v'), new(b's', b'7-7')),
        ('the last entry gone', (), ('XREAD', 'BLOCK', '0', 'STREAMS', 's', '$'),
         (('XDEL', 's', '1-1'),), ('XADD', 's', '1-2', 'f', 'v'), new(b's', b'1-2')),
        ('its consumer deleted', (), group + ('s', '>'),
         (('XGROUP', 'DELCONSUMER', 's', 'g', 'c'),), ('XADD', 's', '2-1', 'f', 'v'), new(b's', b'2-1')),
        ('the second of two', (('XGROUP', 'CREATE', 'u', 'g', '$', 'MKSTREAM'),), group + ('s', 'u', '>', '>'),
         (), ('XADD', 'u', '3-3', 'f', 'v'), new(b'u', b'3-3')),
        ('another stream takes the key', (('XADD', '{s}t', '9-9', 'f', 'v'), ('XGROUP', 'CREATE', '{s}t', 'g', '0')),
         group + ('s', '>'), (), ('RENAME', '{s}t', 's'), new(b's', b'9-9')),
    )
    with server.conn() as conn:
        needs(conn, 'xreadgroup')
        for name, before, wait, leave, wake, expected in stories:
            conn.call('FLUSHALL')
            for words in (('XADD', 's', '1-1', 'f', 'v'), ('XGROUP', 'CREATE', 's', 'g', '$'), *before):
                want(not is_error(conn.call(*words)), name, words)
            reader = Blocked(server, conn, *wait)
            for words in leave:
                want(not is_error(conn.call(*words)), name, words)
            want(reader.is_waiting(), name, 'woke early')
            want(not is_error(conn.call(*wake)), name, wake)
            reply = reader.reply()
            want(reply == expected, name, 'gets', reply)
            reader.close()
            until_blocked(conn, 0)
