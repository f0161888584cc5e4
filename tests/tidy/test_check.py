#!/usr/bin/env python3
"""check.py sees what it should, and lets pass what it should. No compiler, no dependencies."""
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import check  # pylint: disable=wrong-import-position


def findings_of(files):
    """The rules broken by a tree of {path: text}, as sorted (path, rule)."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)) or root, exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        return [(path, rule) for path, _, rule, _ in check.check_tree(root, None)]


def in_core(text):
    return [rule for _, rule in findings_of({"core/a.c": text})]


class Includes(unittest.TestCase):
    def tree(self, path, target):
        return findings_of({"core/x.h": "", "net/x.h": "", "shards/x.h": "",
                            "main.c": '#include "core/x.h"\n#include "net/x.h"\n'
                                      '#include "shards/x.h"\n',
                            path: f'#include "{target}"\n'})

    def test_a_room_includes_itself_and_what_is_below(self):
        for path, target in [("core/a.c", "core/x.h"), ("net/a.c", "core/x.h"),
                             ("shards/a.c", "net/x.h"), ("cluster/a.c", "shards/x.h"),
                             ("tests/unit/net/test_a.c", "core/x.h")]:
            self.assertEqual(self.tree(path, target), [])

    def test_a_room_does_not_include_what_is_above(self):
        for path, target in [("core/a.c", "net/x.h"), ("net/a.c", "shards/x.h"),
                             ("core/a.h", "shards/x.h"), ("tests/unit/core/test_a.c", "net/x.h")]:
            self.assertIn((path, "include"), self.tree(path, target))

    def test_includes_start_at_the_root(self):
        self.assertEqual(self.tree("core/a.c", "x.h"), [("core/a.c", "include")])

    def test_a_private_header_is_for_its_module(self):
        tree = {"net/loop_priv.h": "", "net/loop_epoll.c": '#include "net/loop_priv.h"\n'}
        self.assertEqual(findings_of(tree), [])
        tree["net/conn.c"] = '#include "net/loop_priv.h"\n'
        self.assertEqual(findings_of(tree), [("net/conn.c", "include")])
        tree["net/conn.c"] = '#include "net/loop_priv.h" /* tidy: allow include, one module */\n'
        self.assertEqual(findings_of(tree), [])


class Words(unittest.TestCase):
    def test_a_word_outside_its_home_is_found(self):
        for call in ("malloc(3)", "free (x)", "time(NULL)", "rand()", "sprintf(a, b)"):
            self.assertEqual(in_core(f"void f(void) {{ {call}; }}\n"), ["word"], call)

    def test_names_members_comments_and_strings_are_no_calls(self):
        text = ('void f(void) { mem_free(x); ops->free(x); ops.time(1); snprintf(a, 1, b); }\n'
                '/* malloc(3) */ // free(x)\nconst char *const text = "time(NULL)";\n')
        self.assertEqual(in_core(text), [])

    def test_tests_may_take_time_and_memory_as_they_like(self):
        path = "tests/unit/core/test_a.c"
        self.assertEqual(findings_of({path: "void f(void) { free(malloc(time(0))); }\n"}), [])

    def test_a_word_is_no_finding_in_its_home(self):
        self.assertEqual(findings_of({"core/mem.c": "void f(void) { free(malloc(3)); }\n"}), [])

    def test_an_exception_needs_a_reason_and_a_use(self):
        call = "void f(void) {\n    time(NULL); /* tidy: allow time%s */\n}\n"
        self.assertEqual(in_core(call % ", it logs"), [])
        self.assertEqual(sorted(in_core(call % "")), ["allow", "word"])
        self.assertEqual(in_core("/* tidy: allow time, for nothing */\n"), ["allow"])
        above = "void f(void) {\n    /* tidy: allow time, it logs */\n    time(NULL);\n}\n"
        self.assertEqual(in_core(above), [])


class State(unittest.TestCase):
    def test_mutable_state_is_found(self):
        for text in ("static int count;", "int table[3] = {1, 2, 3};", "static const char *name;",
                     "static _Thread_local struct x *own;", "static void (*hook)(int);",
                     "struct point {int x;} origin;", "static struct x list = {.a = {1}};",
                     "void f(void) {\n    static int calls;\n}"):
            self.assertEqual(in_core(text + "\n"), ["state"], text)

    def test_constants_types_and_functions_are_none(self):
        for text in ("static const int table[] = {1, 2};", "const char *const name = 0;",
                     "struct x;", "struct x {\n    int a;\n};", "enum { A = 1, B };",
                     "typedef void (*hook)(int);", "int f(int a);", "extern const int a;",
                     "static int f(void) {\n    int a = 1;\n    return a;\n}",
                     "static inline struct x g(int a) {\n    return h(a);\n}",
                     "_Static_assert(sizeof(int) == 4, 0);", "#define X(a) \\\n    static int a;",
                     "static const struct x *const all[] = {&a, &b};",
                     "void f(void) {\n    static const int a[] = {1};\n}"):
            self.assertEqual(in_core(text + "\n"), [], text)

    def test_state_outside_core_is_not_looked_for(self):
        self.assertEqual(findings_of({"net/a.c": "static int count;\n"}), [])


class Files(unittest.TestCase):
    def test_a_note_to_oneself_is_found(self):
        self.assertEqual(findings_of({"docs/a.md": "TO" "DO: write this\n"}),
                         [("docs/a.md", "note")])

    def test_a_source_outside_the_rooms_is_dead(self):
        self.assertEqual(findings_of({"core/deep/a.c": "", "scratch.c": "", "net/a.c": ""}),
                         [("core/deep/a.c", "dead"), ("scratch.c", "dead")])

    def test_a_header_nobody_includes_is_dead(self):
        self.assertEqual(findings_of({"core/a.h": ""}), [("core/a.h", "dead")])


if __name__ == "__main__":
    unittest.main()
