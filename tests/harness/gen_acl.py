"""Generators of ACL, and of what a server without replicas and without a cluster says of both.

ACL SETUSER would change the judge for good: it is only sent with mistakes."""
from harness.gen import command

ONE_USER = (b'default', b'nobody', b'', b'DEFAULT')


@command('acl', 'server', weight=0.4, mutate=False)
def acl(g):
    return g.pick(([b'ACL'], [b'ACL', b'nosuch'], [b'acl', b'nosuch', g.val()], [b'ACL', b'']))


for _name in ('whoami', 'users', 'list', 'load', 'save'):
    command('acl|' + _name, 'server', weight=0.5, mutate=False)(
        lambda g, word=_name.upper().encode(): [b'ACL', word] + ([b'x'] if g.chance(0.1) else []))


@command('acl|help', 'server', weight=0.2, timing=True)
def acl_help(_):
    return [b'ACL', b'HELP']


@command('acl|cat', 'server', weight=0.7)
def acl_cat(g):
    return [b'ACL', b'CAT'] + g.pick(([], [], [b'nosuch'], [b'string'], [b'CONNECTION'],
                                      [b'hyperloglog'], [b'string', b'x'], [b'']))


@command('acl|getuser', 'server', weight=0.7)
def acl_getuser(g):
    return [b'ACL', b'GETUSER', g.pick(ONE_USER)]


@command('acl|deluser', 'server', weight=0.7)
def acl_deluser(g):
    return [b'ACL', b'DELUSER'] + [g.pick(ONE_USER) for _ in range(1 + g.upto(3))]


@command('acl|setuser', 'server', weight=0.3, mutate=False)
def acl_setuser(_):
    return [b'ACL', b'SETUSER']


@command('acl|dryrun', 'server', weight=1)
def acl_dryrun(g):
    return [b'ACL', b'DRYRUN', g.pick(ONE_USER)] + g.pick((
        [b'get', b'k'], [b'GET'], [b'nosuch'], [b'SET', b'a', b'b', b'EX', b'10'], [b'set', b'a'],
        [b'CLIENT', b'ID'], [b'client'], [b'client', b'nosuch'], [b'object', b'encoding', b'x'],
        [b'MSET', b'a', b'b', b'c'], [b'']))


@command('acl|log', 'server', weight=0.7)
def acl_log(g):
    return [b'ACL', b'LOG'] + g.pick(([], [b'RESET'], [b'reset'], [b'0'], [b'5'], [b'-1'], [b'x'],
                                      [b'1', b'2']))


@command('acl|genpass', 'server', weight=1)
def acl_genpass(g):
    return [b'ACL', b'GENPASS'] + g.pick(([], [b'1'], [b'5'], [b'128'], [b'4096'], [b'4097'],
                                          [b'0'], [b'-1'], [b'abc'], [b'1', b'2']))


@command('role', 'server', weight=0.5)
def role(_):
    return [b'ROLE']


# With replicas to wait for and no end, the judge would wait for ever: only these.
@command('wait', 'generic', weight=0.2, mutate=False)
def wait(g):
    return [b'WAIT'] + g.pick(([b'0', b'0'], [b'-1', b'1'], [b'0', b'-1'], [b'abc', b'1'],
                               [b'1', b'abc'], [b'1', b'-1'], [b'1', b'1'], [b'0'], []))


for _name in ('readonly', 'readwrite', 'asking'):
    command(_name, 'server', weight=0.3)(lambda _, word=_name.upper().encode(): [word])


@command('cluster', 'server', weight=0.5, mutate=False)
def cluster(g):
    return [b'CLUSTER'] + g.pick(([], [b'INFO'], [b'NODES'], [b'SLOTS'], [b'SHARDS'], [b'MYID'],
                                  [b'KEYSLOT', b'k'], [b'HELP']))


@command('lolwut', 'server', weight=0.3, timing=True)
def lolwut(g):
    return [b'LOLWUT'] + g.pick(([], [b'VERSION', b'9'], [b'VERSION', b'x'], [b'version']))
