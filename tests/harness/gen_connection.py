"""Generators of the connection group."""
from harness.gen import Silent, Unit, command


@command('ping', 'connection')
def ping(g):
    return [b'PING'] + ([g.val()] if g.chance(0.5) else [])


@command('echo', 'connection')
def echo(g):
    return [b'ECHO', g.val()]


# Redis 7.0 sets the name even if the rest of HELLO then fails; 7.2 and slipring do not. So nothing
# is made wrong at random, and what comes behind such a failure sets a name both agree on.
@command('hello', 'connection', timing=True, mutate=False)
def hello(g):
    cmd = [b'HELLO']
    r = g.r()
    if r < 0.05:
        return Unit([[b'HELLO', g.pick((b'2', b'3')), b'SETNAME', b'me'] + g.pick((
            [b'foo'], [b'AUTH'], [b'SETNAME'], [b'SETNAME', b'a b'], [b'AUTH', b'nobody', b'x'])),
            [b'CLIENT', b'SETNAME', g.pick((b'', b'me'))]])
    if r < 0.5:
        cmd.append(g.pick((b'2', b'3')))
    elif r < 0.6:
        cmd.append(g.pick((b'1', b'4', b'0', b'-1', b'abc', b'', b'99999999999999999999')))
    elif r < 0.75:
        cmd += [b'3', b'SETNAME', g.pick((b'me', b'', b'a b', b'a\nb', b'n' * 100))]
    elif r < 0.85:
        cmd += [b'3', b'AUTH', b'default', g.pick((b'', b'x'))]
    elif r < 0.95:
        cmd += g.pick(([b'3', b'foo'], [b'2', b'AUTH', b'default'], [b'2', b'SETNAME'],
                       [b'3', b'AUTH', b'nobody', b'secret'], [b'3', b''], [b'abc', b'SETNAME'],
                       [b'3', b'AUTH', b'default', b'x', b'foo'], [b' 3'], [b'3', b'3'],
                       [b'2', b'AUTH', b'default', b'', b'SETNAME', b'you'], [b'SETNAME', b'x']))
    return cmd


@command('auth', 'connection', weight=2)
def auth(g):
    return g.pick(([b'AUTH', b'secret'], [b'AUTH', b'default', b'anything'],
                   [b'AUTH', b'nobody', b'x'], [b'AUTH', b''], [b'AUTH'],
                   [b'AUTH', b'a', b'b', b'c']))


@command('reset', 'connection', weight=0.6)
def reset(g):
    # RESET also goes back to RESP2; the sequence may return to where it was.
    return Unit([[b'RESET'], [b'HELLO', g.pick((b'2', b'3'))]] if g.chance(0.5) else [[b'RESET']])


@command('client|id', 'connection', weight=1, timing=True)
def client_id(_):
    return [b'CLIENT', b'ID']


@command('client|getname', 'connection')
def client_getname(_):
    return [b'CLIENT', b'GETNAME']


@command('client|setname', 'connection')
def client_setname(g):
    return [b'CLIENT', b'SETNAME', g.pick((b'', b'worker-1', b'a b', b'x\n', b'caf\xc3\xa9',
                                           b'{}!~', b'\x7f', b'n' * 300))]


@command('client|reply', 'connection', weight=1, mutate=False)
def client_reply(g):
    r = g.r()
    if r < 0.3:
        return Unit([[b'CLIENT', b'REPLY', b'ON']])
    if r < 0.6:
        return Unit([Silent([b'CLIENT', b'REPLY', b'SKIP']), Silent([b'GET', g.key()])])
    if r < 0.9:
        quiet = [Silent([b'CLIENT', b'REPLY', b'OFF'])]
        for _ in range(g.upto(5)):
            quiet.append(Silent(g.pick(([b'SET', g.key(), g.val()], [b'GET', g.key()], [b'PING'],
                                        [b'foo'], [b'GET'], [b'MGET', g.key(), g.key()],
                                        [b'CLIENT', b'REPLY', b'SKIP']))))
        return Unit(quiet + [[b'CLIENT', b'REPLY', b'ON']])
    return Unit([g.pick(([b'CLIENT', b'REPLY', b'foo'], [b'CLIENT', b'REPLY'],
                         [b'CLIENT', b'REPLY', b'ON', b'x']))])


@command('client|no-evict', 'connection', weight=2)
def client_no_evict(g):
    return [b'CLIENT', b'NO-EVICT', g.pick((b'ON', b'OFF', b'on', b'maybe'))]


@command('client|info', 'connection', weight=1, timing=True)
def client_info(_):
    return [b'CLIENT', b'INFO']


@command('client|list', 'connection', weight=2, timing=True)
def client_list(g):
    return [b'CLIENT', b'LIST'] + g.pick((
        [], [b'TYPE', b'normal'], [b'TYPE', b'pubsub'], [b'TYPE', b'master'], [b'TYPE', b'replica'],
        [b'TYPE', b'slave'], [b'TYPE', b'foo'], [b'TYPE'], [b'ID', b'999999999'],
        [b'ID', b'999999999', b'88888888'], [b'ID'], [b'ID', b'abc'], [b'ID', b'-1'], [b'foo'],
        [b'TYPE', b'normal', b'x']))


@command('client|kill', 'connection', weight=3, mutate=False)
def client_kill(g):
    return [b'CLIENT', b'KILL'] + g.pick((
        [b'127.0.0.1:1'], [b'ADDR', b'127.0.0.1:1'], [b'ID', b'999999999'], [b'ID', b'-1'],
        [b'ID', b'abc'], [b'ID', b'0'], [b'TYPE', b'pubsub'], [b'TYPE', b'master'],
        [b'TYPE', b'replica'], [b'TYPE', b'foo'], [b'TYPE', b'slave'], [b'LADDR', b'127.0.0.1:1'],
        [b'USER', b'nobody'], [b'SKIPME', b'maybe'], [b'SKIPME', b'yes', b'ID'],
        [b'ID', b'999999999', b'SKIPME', b'no'], [b'ADDR', b'1.2.3.4:5', b'TYPE', b'normal'],
        [b'foo', b'bar'], [b'TYPE', b'pubsub', b'ADDR', b'127.0.0.1:1', b'LADDR', b'127.0.0.1:2'],
        [], [b'ID', b'999999999', b'ID', b'999999998'], [b'nonsense']))


@command('client|pause', 'connection', weight=1, mutate=False)
def client_pause(g):
    return Unit([[b'CLIENT', b'PAUSE'] + g.pick((
        [b'1', b'WRITE'], [b'1'], [b'0'], [b'1', b'ALL'], [b'-1'], [b'abc'], [b'1', b'foo'], [],
        [b'1', b'ALL', b'x'])), [b'CLIENT', b'UNPAUSE']])


@command('client|unpause', 'connection', weight=1)
def client_unpause(_):
    return [b'CLIENT', b'UNPAUSE']


@command('client|unblock', 'connection', weight=2)
def client_unblock(g):
    return [b'CLIENT', b'UNBLOCK', g.pick((b'999999999', b'abc', b'-1'))] + g.pick((
        [], [b'TIMEOUT'], [b'ERROR'], [b'foo']))


@command('client|getredir', 'connection', weight=1)
def client_getredir(_):
    return [b'CLIENT', b'GETREDIR']


@command('client|trackinginfo', 'connection', weight=1)
def client_trackinginfo(_):
    return [b'CLIENT', b'TRACKINGINFO']


@command('client|tracking', 'connection', weight=1, mutate=False)
def client_tracking(g):
    return [b'CLIENT', b'TRACKING'] + g.pick(([b'OFF'], [], [b'foo'], [b'ON', b'NOLOOP', b'foo'],
                                              [b'ON', b'foo'], [b'ON', b'REDIRECT', b'abc'],
                                              [b'ON', b'PREFIX', b'a'],
                                              [b'ON', b'OPTIN', b'OPTOUT'],
                                              [b'ON', b'BCAST', b'OPTIN'],
                                              [b'OFF', b'NOLOOP', b'optin'], [b'maybe', b'BCAST'],
                                              [b'OFF', b'PREFIX'], [b'ON', b'REDIRECT'],
                                              [b'maybe', b'PREFIX', b'a', b'REDIRECT', b'1.5'],
                                              [b'ON', b'BCAST', b'PREFIX', b'a', b'OPTOUT']))


@command('client|caching', 'connection', weight=1)
def client_caching(g):
    return [b'CLIENT', b'CACHING', g.pick((b'YES', b'NO', b'foo'))]


@command('client|help', 'connection', weight=0.3, timing=True)
def client_help(_):
    return [b'CLIENT', b'HELP']


@command('client', 'connection', weight=1)
def client_wrong(g):
    return g.pick(([b'CLIENT'], [b'CLIENT', b'nosuch'], [b'CLIENT', b'nosuch', g.val()],
                   [b'CLIENT', g.weird()], [b'client', b'SETNAME'], [b'CLIENT', b'ID', b'x']))


@command('client|capa', 'newer', weight=1, judge='valkey9-server')
def client_capa(g):
    return [b'CLIENT', b'CAPA'] + g.pick(([b'nosuch'], [b'nosuch', b'other'], []))


# 7.2 and later: redis-server 8.0 is the judge.
@command('client|setinfo', 'newer', weight=2, judge='redis8-server')
def client_setinfo(g):
    return [b'CLIENT', b'SETINFO', g.cased(g.pick((b'LIB-NAME', b'LIB-VER', b'LIB-FOO'))),
            g.pick((b'redis-py', b'1.2.3', b'', b'a b', b'x\n', b'v(1)'))]


@command('client|no-touch', 'newer', weight=2, judge='redis8-server')
def client_no_touch(g):
    return [b'CLIENT', b'NO-TOUCH', g.cased(g.pick((b'ON', b'OFF', b'maybe')))]


@command('client|kill', 'newer', weight=2, judge='redis8-server', mutate=False,
         needs=('client|setinfo',))
def client_kill_maxage(g):
    return [b'CLIENT', b'KILL', b'MAXAGE', g.pick((b'9999999', b'abc', b'-1', b'0',
                                                   b'99999999999999999999'))]
