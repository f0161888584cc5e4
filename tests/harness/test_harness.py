#!/usr/bin/env python3
"""The tests' own tools, tested: python3 tests/harness/test_harness.py"""
import glob
import importlib
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'diff'))

from harness import gen  # noqa: E402
from harness.resp import NULL, NULL_ARRAY, NULL_BULK, Incomplete  # noqa: E402
from harness.resp import ProtocolError, cmd, parse, parse_all  # noqa: E402
from shrink import shrink  # noqa: E402
import compare  # noqa: E402

for _path in glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'gen_*.py')):
    importlib.import_module('harness.' + os.path.basename(_path)[:-len('.py')])

SAMPLES = [
    (b':-12\r\n', -12), (b'$3\r\na\r\n\r\n', b'a\r\n'), (b'$0\r\n\r\n', b''),
    (b'$-1\r\n', NULL_BULK), (b'*-1\r\n', NULL_ARRAY), (b'_\r\n', NULL), (b'+OK\r\n', ('+', b'OK')),
    (b'-ERR x\r\n', ('-', b'ERR x')), (b'*2\r\n:1\r\n*0\r\n', [1, []]),
    (b'%1\r\n+a\r\n:1\r\n', ('%', [(('+', b'a'), 1)])), (b'~1\r\n:1\r\n', ('~', [1])),
    (b'>1\r\n:1\r\n', ('>', [1])),
    (b',1.5\r\n', (',', b'1.5')), (b'#t\r\n', ('#', True)), (b'(12\r\n', ('(', b'12')),
    (b'=7\r\ntxt:foo\r\n', ('=', b'txt', b'foo')), (b'!3\r\nfoo\r\n', ('!', b'foo')),
    (b'|1\r\n+a\r\n:1\r\n:2\r\n', ('|', [(('+', b'a'), 1)], 2)),
]


class Codec(unittest.TestCase):
    def test_every_type_is_read(self):
        for data, value in SAMPLES:
            self.assertEqual(parse(data), (value, len(data)), data)
        self.assertEqual(parse_all(b''.join(d for d, _ in SAMPLES)), [v for _, v in SAMPLES])

    def test_every_cut_is_incomplete(self):
        for data, _ in SAMPLES:
            for cut in range(len(data)):
                with self.assertRaises(Incomplete, msg=data[:cut]):
                    parse(data[:cut])

    def test_nonsense_is_refused(self):
        for data in (b'?\r\n', b'$x\r\n', b'*-2\r\n', b'$-2\r\n', b'#x\r\n', b'$1\r\nabc\r\n',
                     b': 1\r\n', b'=3\r\nfoo\r\n'):
            with self.assertRaises(ProtocolError, msg=data):
                parse(data)

    def test_commands_are_arrays_of_bulk_strings(self):
        self.assertEqual(cmd('SET', b'\xff', 1), b'*3\r\n$3\r\nSET\r\n$1\r\n\xff\r\n$1\r\n1\r\n')


class Generator(unittest.TestCase):
    names = {need for spec in gen.REGISTRY.values() for need in spec.needs}

    def test_equal_seeds_give_equal_sequences(self):
        for profile in gen.PROFILES:
            one, two = (gen.Sequencer(self.names, 1700000000).sequence('7', profile, 300)
                        for _ in range(2))
            self.assertEqual(repr(one), repr(two))

    def test_no_time_to_live_ends_within_a_sequence(self):
        """R1, for the options of SET: nothing between 'long past' and 'far away'."""
        for seed in range(20):
            items = gen.Sequencer(self.names, 1700000000).sequence(str(seed), 'strings', 1000)
            for item in items:
                for command in item if isinstance(item, list) else []:
                    if command[0].upper() == b'SET' and len(command) > 4:
                        for option, value in zip(command[3:], command[4:]):
                            if option.upper() in (b'EX', b'PX') and value.isdigit():
                                self.assertTrue(int(value) == 0 or int(value) >= 1000, command)


class Judging(unittest.TestCase):
    def test_only_what_may_differ_may_differ(self):
        self.assertTrue(compare.same([b'ttl', b'k'], 100, 101))
        self.assertFalse(compare.same([b'TTL', b'k'], 100, -1))
        self.assertFalse(compare.same([b'TTL', b'k'], -2, -1))
        self.assertFalse(compare.same([b'GET', b'k'], NULL, NULL_BULK))
        self.assertTrue(compare.same([b'KEYS', b'*'], [b'a', b'b'], [b'b', b'a']))
        self.assertFalse(compare.same([b'KEYS', b'*'], [b'a', b'b'], [b'a', b'a']))
        self.assertFalse(compare.same([b'KEYS'], ('-', b'ERR a'), ('-', b'ERR b')))

    def test_a_failing_sequence_shrinks_to_what_matters(self):
        items = list(range(500))
        self.assertEqual(shrink(items, lambda some: 17 in some and 301 in some), [17, 301])


if __name__ == '__main__':
    unittest.main()
