"""When two replies to one command count as equal although their bytes differ.

Most replies must be equal to the byte. The rules here are for what depends on the moment,
the process or the order: they compare what can be compared. Errors are compared exactly.
"""
from harness.gen_sort import ORDERED
from harness.resp import is_error

TTL_SLACK_S = 3
TTL_SLACK_MS = 3000
IDLE_SLACK_S = 5
CONTAINERS = (b'ACL', b'CLIENT', b'OBJECT', b'CONFIG', b'COMMAND', b'MEMORY', b'SLOWLOG',
              b'LATENCY', b'DEBUG', b'XINFO', b'XGROUP')

RULES = {}


def rule(*tokens):
    def declare(func):
        for token in tokens:
            RULES[token] = func
        return func
    return declare


def rule_name(cmd):
    name = cmd[0].upper() if cmd else b''
    if name in CONTAINERS and len(cmd) > 1:
        return name + b' ' + cmd[1].upper()
    return name


def same(cmd, judge, target):
    """Whether the target's reply is as good as the judge's."""
    if judge == target:
        return True
    if is_error(judge) or is_error(target):
        return False
    func = RULES.get(rule_name(cmd))
    return func is not None and func(cmd, judge, target)


def kind(value):
    """The type that a client sees."""
    if isinstance(value, tuple):
        return value[0]
    return {bytes: '$', int: ':', list: '*'}[type(value)]


def close(a, b, slack):
    return isinstance(a, int) and isinstance(b, int) and \
        (a == b or (a >= 0 and b >= 0 and abs(a - b) <= slack))


@rule(b'TTL', b'EXPIRETIME')
def seconds(_, judge, target):
    return close(judge, target, TTL_SLACK_S)


@rule(b'PTTL', b'PEXPIRETIME')
def milliseconds(_, judge, target):
    return close(judge, target, TTL_SLACK_MS)


@rule(b'OBJECT IDLETIME')
def idle(_, judge, target):
    # The judge's small integers are shared, and their clock with them: theirs may be far older.
    return isinstance(judge, int) and isinstance(target, int) and \
        0 <= target <= max(judge, 0) + IDLE_SLACK_S


# REFCOUNT: redis shares small integers, which is its own affair. FREQ is random by design.
@rule(b'OBJECT REFCOUNT', b'OBJECT FREQ', b'CLIENT ID', b'MEMORY USAGE', b'COMMAND COUNT',
      b'SLOWLOG LEN', b'LATENCY RESET')
def both_counts(_, judge, target):
    return isinstance(judge, int) and isinstance(target, int) and target >= 0


def items_of(value):
    if isinstance(value, list):
        return value
    return value[1] if isinstance(value, tuple) and value[0] in ('~', '>') else None


def canon(value):
    """A form that can be sorted and put into sets."""
    if isinstance(value, list):
        return ('*',) + tuple(canon(v) for v in value)
    if isinstance(value, tuple) and value[0] == '%':
        return ('%',) + tuple(sorted(((canon(k), canon(v)) for k, v in value[1]), key=repr))
    if isinstance(value, tuple):
        return tuple(canon(v) if isinstance(v, list) else v for v in value)
    return value


@rule(b'KEYS', b'SMEMBERS', b'SINTER', b'SUNION', b'SDIFF')
def unordered(_, judge, target):
    return kind(judge) == kind(target) and \
        sorted(items_of(judge)) == sorted(items_of(target))


@rule(b'SCAN')
def scan(cmd, judge, target):
    """One step. A whole iteration is ScanLoop's; here all keys come at once, if at all."""
    if not (isinstance(target, list) and len(target) == 2 and isinstance(target[0], bytes)
            and target[0].isdigit() and isinstance(target[1], list)):
        return False
    if cmd[1] == judge[0] == target[0] == b'0':
        return sorted(set(judge[1])) == sorted(set(target[1]))
    return all(isinstance(key, bytes) for key in target[1])


@rule(b'SSCAN')
def sscan(cmd, judge, target):
    return scan(cmd[1:], judge, target)


@rule(b'SPOP', b'SRANDMEMBER')
def random_members(cmd, judge, target):
    """As many; all of them if so many were asked for, else each once unless the count is negative.
    That they are members is looked at by tests/unit/core/test_cmd_set.c."""
    if len(cmd) < 3 or isinstance(judge, bytes):
        return isinstance(judge, bytes) and isinstance(target, bytes)
    if kind(judge) != kind(target) or len(items_of(judge)) != len(items_of(target)):
        return False
    mine = items_of(target)
    if int(cmd[2]) > len(mine):
        return sorted(mine) == sorted(items_of(judge))
    return int(cmd[2]) < 0 or len(set(mine)) == len(mine)


def paired(items, width=2):
    return sorted(tuple(items[n:n + width]) for n in range(0, len(items), width))


@rule(b'HGETALL')
def hgetall(_, judge, target):
    return kind(judge) == kind(target) and \
        sorted(pairs_of(judge)) == sorted(pairs_of(target))


@rule(b'HKEYS', b'HVALS')
def unordered_values(_, judge, target):
    return isinstance(judge, list) and isinstance(target, list) and sorted(judge) == sorted(target)


@rule(b'HSCAN')
def hscan(cmd, judge, target):
    if not (isinstance(target, list) and len(target) == 2 and isinstance(target[0], bytes)
            and target[0].isdigit() and isinstance(target[1], list)):
        return False
    width = 1 if any(word.upper() == b'NOVALUES' for word in cmd[3:]) else 2
    if len(cmd) > 2 and cmd[2] == judge[0] == target[0] == b'0':
        return paired(judge[1], width) == paired(target[1], width)
    return len(target[1]) % width == 0


@rule(b'HRANDFIELD')
def hrandfield(cmd, judge, target):
    if isinstance(judge, bytes):
        return isinstance(target, bytes)
    if not isinstance(judge, list) or not isinstance(target, list) or len(judge) != len(target):
        return False
    if judge and isinstance(judge[0], list):  # RESP3
        judge, target = [[word for pair in reply for word in pair] for reply in (judge, target)]
    width = 2 if len(cmd) > 3 else 1
    if int(cmd[2]) < 0:
        return True
    names = [pair[0] for pair in paired(target, width)]
    return len(set(names)) == len(names) and \
        (int(cmd[2]) == len(names) or paired(judge, width) == paired(target, width))


@rule(b'HTTL', b'HPTTL', b'HEXPIRETIME', b'HPEXPIRETIME')
def field_times(cmd, judge, target):
    slack = TTL_SLACK_MS if cmd[0].upper().startswith(b'HP') else TTL_SLACK_S
    return isinstance(judge, list) and isinstance(target, list) and len(judge) == len(target) and \
        all(close(a, b, slack) for a, b in zip(judge, target))


# Of XINFO: how the tree is built, when something was, and what came with Redis 7.2.
XINFO_HIDDEN = (b'radix-tree-nodes', b'seen-time', b'active-time', b'idle', b'inactive')
PENDING_TIME_SLACK_MS = 5000


def xinfo_form(value):
    """Without those, maps as lists of pairs."""
    if isinstance(value, tuple) and value[0] == '%':
        return [(k, xinfo_form(v)) for k, v in value[1] if k not in XINFO_HIDDEN]
    if isinstance(value, list) and value and value[0] in (b'length', b'name') and \
            len(value) % 2 == 0:
        return [(k, xinfo_form(v)) for k, v in pairs_of(value) if k not in XINFO_HIDDEN]
    return [xinfo_form(v) for v in value] if isinstance(value, list) else value


def same_but_for_times(judge, target):
    """The lag of a group is Redis 8's; Valkey 9, who judges streams, has another one after a trim."""
    if isinstance(judge, tuple) and len(judge) == 2 and judge[0] == b'lag':
        return target[0] == b'lag'
    if isinstance(judge, (list, tuple)) and type(judge) is type(target) and \
            len(judge) == len(target):
        return all(same_but_for_times(a, b) for a, b in zip(judge, target))
    if isinstance(judge, int) and judge > 1000000000000:
        return close(judge, target, PENDING_TIME_SLACK_MS)
    return judge == target


@rule(b'XINFO STREAM', b'XINFO GROUPS', b'XINFO CONSUMERS')
def xinfo(_, judge, target):
    return same_but_for_times(xinfo_form(judge), xinfo_form(target))


@rule(b'XPENDING')
def xpending(_, judge, target):
    """The third of four is how long ago."""
    if not isinstance(judge, list) or not isinstance(target, list) or len(judge) != len(target):
        return False
    return all(isinstance(a, list) and isinstance(b, list) and len(a) == len(b) == 4 and
               a[:2] == b[:2] and a[3] == b[3] and close(a[2], b[2], PENDING_TIME_SLACK_MS)
               for a, b in zip(judge, target))


@rule(b'XGROUP HELP', b'XINFO HELP')
def own_words(_, judge, target):
    return isinstance(judge, list) and isinstance(target, list) and len(target) > 3


@rule(b'RANDOMKEY')
def randomkey(_, judge, target):
    # That it is one of the keys is looked at by driver.py, at the end of each sequence.
    return isinstance(judge, bytes) and isinstance(target, bytes)


@rule(b'TIME')
def time_(_, __, target):
    return isinstance(target, list) and len(target) == 2 and all(v.isdigit() for v in target)


def pairs_of(value):
    """A map, or what stands for one in RESP2."""
    if isinstance(value, tuple) and value[0] == '%':
        return value[1]
    if isinstance(value, list) and len(value) % 2 == 0:
        return list(zip(value[0::2], value[1::2]))
    return None


@rule(b'HELLO')
def hello(_, judge, target):
    if kind(judge) != kind(target):
        return False
    mine, theirs = dict(map_items(target)), dict(map_items(judge))
    return set(mine) == set(theirs) and \
        all(mine[k] == theirs[k] for k in (b'proto', b'mode', b'role')) and \
        all(kind(mine[k]) == kind(theirs[k]) for k in theirs)


def map_items(value):
    return [(k, v) for k, v in pairs_of(value)]


# aof-disable-auto-gc: since Redis 7.2 no pattern finds it. The others differ between any two servers.
CONFIG_HIDDEN = (b'aof-disable-auto-gc',)
CONFIG_OWN = (b'port', b'dir')


@rule(b'CONFIG GET')
def config_get(cmd, judge, target):
    """All that the judge has, with its values, in any order; behind a glob the target may have
    more: its own directives, and those of Redis 7.2."""
    if kind(judge) != kind(target):
        return False
    theirs, mine = dict(pairs_of(judge)), dict(pairs_of(target))
    if len(pairs_of(target)) != len(mine):
        return False
    if not any(c in arg for arg in cmd[2:] for c in (b'*', b'[', b'?')):
        return theirs == mine
    return all(key in CONFIG_HIDDEN or key in mine and (key in CONFIG_OWN or mine[key] == value)
               for key, value in theirs.items())


def fields_of(text):
    return [word.split(b'=', 1)[0] for word in text.split()]


@rule(b'CLIENT INFO', b'CLIENT LIST')
def client_text(_, judge, target):
    if kind(judge) != kind(target):
        return False
    judge, target = (v[-1] if isinstance(v, tuple) else v for v in (judge, target))
    if not judge or not target:
        return not judge and not target
    first_theirs, first_mine = judge.splitlines()[0], target.splitlines()[0]
    return target.endswith(b'\n') and \
        [f for f in fields_of(first_mine)
         if f in fields_of(first_theirs)] == fields_of(first_theirs)


@rule(b'INFO')
def info(cmd, judge, target):
    """The same type, and the same first section if one was asked for."""
    if kind(judge) != kind(target):
        return False
    judge, target = (v[-1] if isinstance(v, tuple) else v for v in (judge, target))
    if len(cmd) == 2 and cmd[1].lower() not in (b'all', b'default', b'everything', b'modules'):
        return judge[:1] == target[:1] and judge.split(b'\r\n')[0] == target.split(b'\r\n')[0]
    return target.startswith(b'#')


def info_row(row):
    """An entry of COMMAND INFO without the order in which sets come, and without what is
    a matter of taste: tips, and a sub-command that only one of the two knows."""
    if not isinstance(row, list):
        return row
    return [row[0], row[1], frozenset(items_of(row[2])), row[3], row[4], row[5],
            frozenset(items_of(row[6]))]


@rule(b'COMMAND INFO')
def command_info(cmd, judge, target):
    if len(cmd) == 2:
        return kind(judge) == kind(target)  # each has commands of its own
    if kind(judge) != kind(target) or len(judge) != len(target):
        return False
    return all(info_row(a) == info_row(b) for a, b in zip(judge, target))


@rule(b'COMMAND DOCS')
def command_docs(cmd, judge, target):
    """The names, since and group; texts are everybody's own."""
    if kind(judge) != kind(target):
        return False
    if len(cmd) == 2:
        return True
    theirs, mine = dict(pairs_of(judge)), dict(pairs_of(target))
    if set(theirs) != set(mine):
        return False
    for name, doc in theirs.items():
        a, b = dict(pairs_of(doc)), dict(pairs_of(mine[name]))
        if b'summary' not in b or any(a.get(k) != b.get(k) for k in (b'since', b'group')):
            return False
    return True


@rule(b'COMMAND GETKEYSANDFLAGS')
def getkeysandflags(_, judge, target):
    return kind(judge) == kind(target) and canon_flags(judge) == canon_flags(target)


def canon_flags(rows):
    return [(row[0], frozenset(items_of(row[1]))) for row in rows]


@rule(b'SLOWLOG GET', b'COMMAND', b'COMMAND LIST', b'LATENCY LATEST', b'LATENCY HISTORY',
      b'LATENCY HISTOGRAM', b'LATENCY DOCTOR', b'MEMORY STATS', b'MEMORY DOCTOR',
      b'MEMORY MALLOC-STATS', b'CLIENT TRACKINGINFO')
def same_kind(_, judge, target):
    return kind(judge) == kind(target)


@rule(b'ACL CAT')
def acl_cat(cmd, judge, target):
    """The categories in any order; of one category's commands only that there is such a list."""
    if kind(judge) != kind(target):
        return False
    return len(cmd) > 2 or sorted(judge) == sorted(target)


@rule(b'ACL GETUSER')
def acl_getuser(_, judge, target):
    return kind(judge) == kind(target) and canon_user(judge) == canon_user(target)


def canon_user(value):
    """Flags are a set, whose order says nothing."""
    if pairs_of(value) is None:
        return value
    return [(k, sorted(items_of(v)) if k == b'flags' else v) for k, v in pairs_of(value)]


@rule(b'ACL GENPASS')
def acl_genpass(_, judge, target):
    return isinstance(judge, bytes) and isinstance(target, bytes) and len(judge) == len(target)


@rule(b'LOLWUT')
def lolwut(_, judge, target):
    return kind(judge) == kind(target)


@rule(b'ACL HELP', b'CLIENT HELP', b'OBJECT HELP', b'CONFIG HELP', b'COMMAND HELP', b'MEMORY HELP',
      b'SLOWLOG HELP', b'LATENCY HELP', b'DEBUG HELP')
def help_(cmd, judge, target):
    return kind(target) == kind(judge) and len(target) > 2 and target[0] == judge[0]


@rule(b'DEBUG OBJECT')
def debug_object(_, judge, target):
    if kind(judge) != kind(target):
        return False
    wanted = (b'Value at:', b' refcount:', b' encoding:', b' serializedlength:', b' lru:',
              b' lru_seconds_idle:')
    return all(w in target[1] for w in wanted)


@rule(b'DEBUG SLEEP')
def debug_sleep(_, judge, target):
    return judge == target


# ---- sorted sets ----

def same_score(judge, target):
    """Redis 7.0 prints a double with 17 digits, 7.2 the shortest text that says the same."""
    if judge == target:
        return True
    if isinstance(judge, tuple) and isinstance(target, tuple) and len(judge) == len(target) == 2:
        return judge[0] == target[0] and same_score(judge[1], target[1])
    if isinstance(judge, list) and isinstance(target, list):
        return len(judge) == len(target) and all(map(same_score, judge, target))
    if not (isinstance(judge, bytes) and isinstance(target, bytes)):
        return False
    try:
        number = float(target)
    except ValueError:
        return False
    return judge == b'%.17g' % number or (number == 0 and judge in (b'0', b'-0'))


@rule(b'ZADD', b'ZINCRBY', b'ZSCORE', b'ZMSCORE', b'ZRANGE', b'ZREVRANGE', b'ZRANGEBYSCORE',
      b'ZREVRANGEBYSCORE', b'ZPOPMIN', b'ZPOPMAX', b'ZMPOP', b'BZPOPMIN', b'BZPOPMAX', b'BZMPOP',
      b'ZUNION', b'ZINTER', b'ZDIFF')
def scores(_, judge, target):
    return same_score(judge, target)


@rule(b'ZRANDMEMBER')
def zrandmember(_, judge, target):
    return kind(judge) == kind(target) and (
        not isinstance(judge, list) or len(judge) == len(target))


@rule(b'ZSCAN')
def zscan(cmd, judge, target):
    """One step: all members come at once, if at all."""
    if not (isinstance(target, list) and len(target) == 2 and isinstance(target[1], list)):
        return False
    if not cmd[2] == judge[0] == target[0] == b'0':
        return len(target[1]) % 2 == 0

    def pairs(items):
        return sorted(zip(items[::2], items[1::2]))
    return same_score([list(pair) for pair in pairs(judge[1])],
                      [list(pair) for pair in pairs(target[1])])


# ---- DUMP, SORT ----

@rule(b'DUMP')
def dump(_, judge, target):
    return isinstance(judge, bytes) and isinstance(target, bytes)


def sort_words(cmd):
    """(the last BY, has ALPHA, has LIMIT, number of GETs), as the server reads the options."""
    by, alpha, limit, gets_n, at = None, False, False, 0, 2
    while at < len(cmd):
        word = cmd[at].upper()
        alpha |= word == b'ALPHA'
        limit |= word == b'LIMIT'
        gets_n += word == b'GET'
        if word == b'BY' and at + 1 < len(cmd):
            by = cmd[at + 1]
        at += {b'LIMIT': 3, b'BY': 2, b'GET': 2, b'STORE': 2}.get(word, 1)
    return by, alpha, limit, gets_n


@rule(b'SORT', b'SORT_RO')
def sort(cmd, judge, target):
    """Open is the order of a set that is not sorted, of equal ones with ALPHA BY, and of texts that are
    alike up to a zero byte, where the judge's comparison ends."""
    if not isinstance(judge, list) or not isinstance(target, list) or len(judge) != len(target):
        return False
    by, alpha, limit, gets_n = sort_words(cmd)
    width = max(gets_n, 1)
    groups = [sorted((tuple(reply[n:n + width]) for n in range(0, len(reply), width)), key=repr)
              for reply in (judge, target)]
    if by is None:
        has_zero = any(b'\x00' in v for v in judge + target if isinstance(v, bytes))
        return alpha and (has_zero or gets_n > 0) and (limit or groups[0] == groups[1])
    if cmd[1].startswith(ORDERED) or (b'*' in by and not alpha):
        return False
    return limit or groups[0] == groups[1]
