#!/usr/bin/env python3
"""What redis-py does against a server that runs already; started by clients_python.py.

  clients_redispy.py open PORT [--quick]
  clients_redispy.py closed PORT --socket PATH       (the password is 'a secret')
"""
import argparse
import asyncio
import threading

import redis
import redis.asyncio

PASSWORD = 'a secret'
HOST = '127.0.0.1'  # redis-py's own 'localhost' needs a resolver


def strings(client):
    assert client.ping() is True
    assert client.set('k', 'v') is True and client.get('k') == 'v'
    assert client.set('k', 'w', nx=True) is None
    assert client.set('k', 'w', xx=True, ex=100, get=True) == 'v'
    assert 90 < client.ttl('k') <= 100
    assert client.set('k', 'x', keepttl=True) and client.ttl('k') > 90
    assert client.getex('k', persist=True) == 'x' and client.ttl('k') == -1
    assert client.append('k', 'yz') == 3 and client.strlen('k') == 3
    assert client.getrange('k', 1, -1) == 'yz' and client.setrange('k', 0, 'a') == 3
    assert client.getdel('k') == 'ayz' and client.get('k') is None
    assert client.incr('n') == 1 and client.incrby('n', 9) == 10 and client.decr('n', 3) == 7
    assert client.incrbyfloat('n', 0.5) == 7.5
    assert client.mset({'a': 1, 'b': 2, 'c': 3}) and client.mget('a', 'x', 'c') == ['1', None, '3']
    assert client.msetnx({'a': 1, 'd': 4}) is False and not client.exists('d')
    assert client.getset('a', '5') == '1'
    assert client.lcs('a', 'b', len=True) == 0 if hasattr(client, 'lcs') else True
    try:
        client.set('a', 'text') and client.incr('a')
        raise AssertionError('INCR of a text works')
    except redis.ResponseError as err:
        assert str(err) == 'value is not an integer or out of range', err


def keys(client):
    client.flushall()
    names = {'key:%d' % n for n in range(1000)}
    assert client.mset({name: name for name in names})
    assert client.dbsize() == 1000
    assert set(client.scan_iter(count=50)) == names
    assert set(client.scan_iter(match='key:1*', _type='string')) == {
        name for name in names if name.startswith('key:1')}
    assert set(client.keys('key:??')) == {'key:%d' % n for n in range(10, 100)}
    assert client.exists('key:1', 'key:2', 'nothing') == 2 and client.type('key:1') == 'string'
    assert client.rename('key:1', 'moved') and client.get('moved') == 'key:1'
    assert client.copy('moved', 'key:1') and client.renamenx('moved', 'key:2') is False
    assert client.delete('moved') == 1 and client.unlink('key:1', 'key:2', 'nothing') == 2
    assert client.expire('key:3', 100) and client.pexpireat('key:4', 33000000000000)
    assert client.persist('key:3') and client.pttl('key:4') > 10**12
    assert client.randomkey() in names
    assert client.move('key:5', 1) and client.swapdb(0, 1) and client.dbsize() == 1
    assert client.swapdb(0, 1) and client.flushdb() and client.dbsize() == 0


def pipelines(client, size):
    with client.pipeline(transaction=False) as pipe:
        for n in range(size):
            pipe.set('p:%d' % n, n).get('p:%d' % n)
        pipe.mget(['p:%d' % n for n in range(size)])
        replies = pipe.execute()
    assert replies[-1] == [str(n) for n in range(size)]
    assert replies[:-1:2] == [True] * size and replies[1:-1:2] == replies[-1]
    with client.pipeline(transaction=False) as pipe:
        replies = pipe.set('t', 'x').incr('t').get('t').execute(raise_on_error=False)
    assert replies[0] is True and isinstance(replies[1], redis.ResponseError) and replies[2] == 'x'


def introspection(client):
    assert client.info()['redis_version'].startswith('7.2')
    assert client.info('keyspace')['db0']['keys'] == client.dbsize()
    assert client.info('commandstats')['cmdstat_get']['calls'] > 0
    assert client.client_setname('tester') and client.client_getname() == 'tester'
    mine = [c for c in client.client_list() if c['id'] == str(client.client_id())]
    assert len(mine) == 1 and mine[0]['name'] == 'tester', mine
    assert client.client_info()['name'] == 'tester'
    assert client.config_get('maxclients') == {'maxclients': '10000'}
    assert client.config_set('timeout', 0) and client.config_resetstat()
    assert client.object('encoding', 'p:1') == 'int' and client.memory_usage('p:1') > 0
    assert client.command_count() == len(client.command())
    row = client.command()['mset']
    assert row['arity'] == -3 and row['first_key_pos'] == 1 and row['step_count'] == 2, row
    assert client.command_getkeys('MSET', 'a', 1, 'b', 2) == ['a', 'b']
    assert client.slowlog_reset() and client.config_set('slowlog-log-slower-than', 0)
    client.get('slow')
    assert any(b'GET slow' in entry['command'] or 'GET slow' in str(entry['command'])
               for entry in client.slowlog_get())
    assert client.config_set('slowlog-log-slower-than', 10000)
    assert client.time()[0] > 1700000000 and client.echo('hi') == 'hi'
    assert client.role()[0] in ('master', b'master')
    assert client.acl_whoami() == 'default' and client.acl_users() == ['default']
    other = redis.Redis(host=HOST, port=client.connection_pool.connection_kwargs['port'])
    other_id = other.client_id()
    assert client.client_kill_filter(_id=other_id) == 1
    try:
        pong = other.ping()
    except redis.ConnectionError:  # sent before the end of the connection had come over
        pong = other.ping()
    assert pong is True, 'redis-py connects again by itself'


def monitoring(client, port):
    with client.monitor() as monitor:
        redis.Redis(host=HOST, port=port, db=2).set('seen', 'by all')
        for _ in range(10):
            told = monitor.next_command()
            if told['command'].upper().startswith('SET '):
                break
        assert told['command'].split(' ', 1)[1] == 'seen by all' and told['db'] == 2, told


def many_threads(port, rounds):
    pool = redis.BlockingConnectionPool(host=HOST, port=port, max_connections=8, timeout=20)
    errors = []

    def work(name):
        try:
            client = redis.Redis(connection_pool=pool)
            for n in range(rounds):
                key = 'thread:%d:%d' % (name, n)
                assert client.set(key, n) and int(client.get(key)) == n
                client.incr('together')
        except Exception as err:  # told by the main thread
            errors.append(err)
    threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors
    assert int(redis.Redis(host=HOST, port=port).get('together')) == 16 * rounds
    pool.disconnect()


async def without_threads(port, rounds):
    client = redis.asyncio.Redis(host=HOST, port=port, decode_responses=True)
    await asyncio.gather(*(client.set('async:%d' % n, n) for n in range(rounds)))
    values = await asyncio.gather(*(client.get('async:%d' % n) for n in range(rounds)))
    assert values == [str(n) for n in range(rounds)]
    await client.close()
    await client.connection_pool.disconnect()


def large_values(port):
    client = redis.Redis(host=HOST, port=port)
    for size in (16383, 16384, 16385, 1 << 20, (8 << 20) + 1):
        data = bytes(range(256)) * (size // 256) + b'x' * (size % 256)
        assert client.set('large', data) and client.get('large') == data
        assert client.mget(['large'] * 3) == [data] * 3


def behind_a_password(port, path):
    for wrong in (redis.Redis(host=HOST, port=port), redis.Redis(host=HOST, port=port, password='no'),
                  redis.Redis(host=HOST, port=port, username='nobody', password=PASSWORD)):
        try:
            wrong.ping()
            raise AssertionError('came in without the password')
        except (redis.AuthenticationError, redis.ResponseError) as err:
            assert 'Authentication required' in str(err) or str(err).startswith('WRONGPASS'), err
    for right in (redis.Redis(host=HOST, port=port, password=PASSWORD),
                  redis.Redis(host=HOST, port=port, username='default', password=PASSWORD),
                  redis.Redis.from_url('redis://:a%%20secret@127.0.0.1:%d/3' % port),
                  redis.Redis(unix_socket_path=path, password=PASSWORD),
                  redis.Redis(host=HOST, port=port, password=PASSWORD, health_check_interval=1,
                              client_name='named')):
        assert right.ping() is True and right.set('k', 'v') and right.get('k') == b'v'
    assert right.client_getname() in ('named', b'named')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('kind', choices=('open', 'closed'))
    parser.add_argument('port', type=int)
    parser.add_argument('--socket')
    parser.add_argument('--quick', action='store_true')
    args = parser.parse_args()
    if args.kind == 'closed':
        behind_a_password(args.port, args.socket)
        return
    client = redis.Redis(host=HOST, port=args.port, decode_responses=True, single_connection_client=True)
    strings(client)
    keys(client)
    pipelines(client, 1000 if args.quick else 20000)
    introspection(client)
    monitoring(redis.Redis(host=HOST, port=args.port), args.port)
    many_threads(args.port, 100 if args.quick else 1000)
    asyncio.run(without_threads(args.port, 200 if args.quick else 2000))
    large_values(args.port)


if __name__ == '__main__':
    main()
