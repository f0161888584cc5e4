#!/usr/bin/env python3
"""The house in order: `ctest -R tidy`. What it checks is in RULES below; docs/testing.md tells why.

An exception stands at the spot, on the line or the one above, with its reason:
    clock_gettime(CLOCK_MONOTONIC, &now); /* tidy: allow clock_gettime, stamps for the trace */
An exception that excuses nothing is an error too: it would excuse the next mistake.
"""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys

RULES = """
include   a room includes only itself and the rooms below; x_priv.h is for the files x*.c alone
alone     each header compiles by itself
word      clock, heap, random numbers and unbounded string functions appear only in their home
state     core/ has no mutable state at file scope, and none in functions
note      no notes to oneself: what is to be done is an issue
dead      each .c file belongs to a program or library, each header is included by somebody
allow     an exception names what it allows, gives a reason and is needed
"""

# Each room, and what its files may include.
ROOMS = {
    "core": ["core"],
    "net": ["core", "net"],
    "shards": ["core", "net", "shards"],
    "cluster": ["core", "net", "shards", "cluster"],
}
EVERYTHING = ["core", "net", "shards", "cluster", "tests", "bench"]

# Words with one home: {subject: (the words, the files that are their home)}.
HEAP = "malloc calloc realloc reallocarray free aligned_alloc posix_memalign strdup strndup asprintf"
HOMES = {
    "heap": (HEAP.split(), ["core/mem.c"]),
    "clock": ("time clock_gettime gettimeofday".split(), ["net/clock.c", "shards/clock.c"]),
    "random": (
        "rand random rand_r srand srandom drand48 getrandom getentropy arc4random".split(),
        ["net/random.c", "shards/random.c"],
    ),
    "unbounded": ("sprintf vsprintf strcpy strcat gets".split(), []),
}

# Where a .c file may be; what is elsewhere belongs to no library or program.
SOURCE_PLACES = [
    r"main\.c",
    r"(core|net|shards|cluster)/[^/]+\.c",
    r"tests/unit/(core|net|shards|cluster)/[^/]+\.c",
    r"tests/unit/plain_runner\.c",
    r"tests/fuzz/(fuzz_[^/]+|replay_main)\.c",
    r"bench/micro/bench_[^/]+\.c",
    r"bench/side_by_side/[^/]+\.c",
]
SKIPPED_FOLDERS = {"build", "data", "__pycache__", "corpus", "node_modules"}
NOTE_FILES = (".c", ".h", ".py", ".sh", ".md", ".txt", ".json", ".yml", ".yaml")
NOTES = re.compile(r"\b(FIX" r"ME|TO" r"DO)\b")
ALLOW = re.compile(r"tidy: allow (\w+)(,\s*\S)?")


class File:
    """One C file: its lines, its code without comments and literals, and its exceptions."""

    def __init__(self, root, path):
        self.path = path
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
            self.text = file.read()
        self.code = blank_comments_and_literals(self.text)
        self.allows = {}  # (line, word) -> used?
        self.bad_allows = []
        for number, line in enumerate(self.text.split("\n"), 1):
            for match in ALLOW.finditer(line):
                if match.group(2):
                    self.allows[(number, match.group(1))] = False
                else:
                    self.bad_allows.append(number)

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def excused(self, line, word):
        for at in (line, line - 1):
            if (at, word) in self.allows:
                self.allows[(at, word)] = True
                return True
        return False


def blank_comments_and_literals(text):
    """The same text, every comment and literal replaced by blanks; lines stay where they are."""
    pattern = re.compile(
        r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL
    )

    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))

    return pattern.sub(blank, text)


def find_files(root):
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders if f not in SKIPPED_FOLDERS and not f.startswith(".")]
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), root)


def room_of(path):
    """The room whose rules a file follows, or None: it may include everything."""
    parts = path.split("/")
    if parts[0] in ROOMS:
        return parts[0]
    if parts[:2] == ["tests", "unit"] and len(parts) > 3:
        return parts[2]
    return None


def module_of(path):
    return re.sub(r"^(test|bench|fuzz)_", "", os.path.basename(path))


def check_includes(file, root):
    room = room_of(file.path)
    allowed = ROOMS.get(room, EVERYTHING)
    for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"', file.text, re.MULTILINE):
        target, line = match.group(1), file.line_of(match.start())
        first = target.split("/")[0]
        if not os.path.exists(os.path.join(root, target)):
            yield line, "include", f'"{target}": includes start at the root'
        elif file.excused(line, "include"):
            continue
        elif first not in allowed and not (first == "tests" and file.path.startswith("tests/")):
            yield line, "include", f'{room or file.path} may not include "{target}"'
        elif target.endswith("_priv.h"):
            owner = os.path.basename(target)[: -len("_priv.h")]
            if not module_of(file.path).startswith(owner):
                yield line, "include", f'"{target}" is for the files {owner}* alone'


def check_words(file):
    if file.path.split("/")[0] not in ROOMS and file.path != "main.c":
        return  # tests and benchmarks take time and memory as they like
    for words, homes in HOMES.values():
        for word in words:
            # Not a member that happens to have the name, and not a longer name.
            for match in re.finditer(rf"(?<![\w.])(?<!->){word}[ \t]*\(", file.code):
                line = file.line_of(match.start())
                if not file.excused(line, word) and file.path not in homes:
                    home = " or ".join(homes) if homes else "nowhere"
                    yield line, "word", f"{word}() is at home in {home}"


def blank_directives(code):
    return re.sub(
        r"^[ \t]*#(?:\\\n|[^\n])*", lambda m: re.sub(r"[^\n]", " ", m.group(0)), code, flags=re.M
    )


def statements_at_file_scope(code):
    """(offset, text) of each statement outside functions; bodies and initializers are left out."""
    depth, start, text = 0, None, []
    for offset, letter in enumerate(code):
        if letter == "{":
            depth += 1
        elif letter == "}":
            depth -= 1
            statement = "".join(text)
            is_type = re.match(r"\s*(static\s+)?(const\s+)?(struct|union|enum|typedef)\b[^(=]*$",
                               statement)
            if depth == 0 and "=" not in statement and not is_type:
                start, text = None, []  # a function's body ended
            elif depth == 0:
                text.append(" {} ")
        elif depth == 0 and letter == ";":
            if start is not None:
                yield start, "".join(text)
            start, text = None, []
        elif depth == 0:
            if start is None and not letter.isspace():
                start = offset
            text.append(letter)


def is_mutable_variable(statement):
    text = re.sub(r"\b(__attribute__\s*\(\(.*?\)\)|_Alignas\s*\([^)]*\))", " ", statement,
                  flags=re.DOTALL)
    declared = text.split("=")[0].strip()
    if re.match(r"(typedef|extern|_Static_assert|static_assert)\b", declared):
        return False
    if re.fullmatch(r"(struct|union|enum)(\s+\w+)?(\s*\{\})?", declared):
        return False  # a type, or its announcement
    if "(" in declared and not re.match(r"[^(]*\(\s*\*", declared):
        return False  # a function, or a macro called
    after_pointer = declared.rsplit("*", 1)[-1]
    return not re.search(r"\bconst\b", after_pointer if "*" in declared else declared)


def check_state(file):
    if not file.path.startswith("core/"):
        return
    found = []
    code = blank_directives(file.code)
    for offset, statement in statements_at_file_scope(code):
        if is_mutable_variable(statement):
            found.append((file.line_of(offset), " ".join(statement.split())))
    for match in re.finditer(r"^[ \t]+(static\b[^;{=()]*)[;={\[]", code, re.MULTILINE):
        if is_mutable_variable(match.group(1)):
            found.append((file.line_of(match.start()), " ".join(match.group(1).split())))
    for line, what in found:
        if not file.excused(line, "state"):
            yield line, "state", f"mutable state in core: {what[:60]}"


def check_allows(file):
    for line in file.bad_allows:
        yield line, "allow", "an exception without a reason: tidy: allow <word>, reason"
    at_home = {word for words, homes in HOMES.values() if file.path in homes for word in words}
    for (line, word), used in file.allows.items():
        if not used and word not in at_home:
            yield line, "allow", f"an exception that excuses nothing: {word}"


def check_notes(root, path):
    try:
        with open(os.path.join(root, path), encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if NOTES.search(line):
                    yield number, "note", "do it, or open an issue"
    except UnicodeDecodeError:
        return


def check_alone(root, compiler, header):
    command = [compiler, "-std=gnu17", "-D_GNU_SOURCE", "-fsyntax-only", "-Wall", "-Wextra",
               "-Werror", "-I", root, "-include", header, "-x", "c", "/dev/null"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)
    if result.returncode != 0:
        first = next((l for l in result.stderr.split("\n") if "error" in l), "does not compile")
        return [(1, "alone", first.strip())]
    return []


def check_tree(root, compiler):
    """All findings as (path, line, rule, text), sorted."""
    findings = []
    paths = sorted(find_files(root))
    files = [File(root, path) for path in paths if path.endswith((".c", ".h"))]
    included = set()
    for file in files:
        included.update(re.findall(r'#[ \t]*include[ \t]+"([^"]+)"', file.text))
        for check in (lambda f: check_includes(f, root), check_words, check_state, check_allows):
            findings += [(file.path, *finding) for finding in check(file)]
        if file.path.endswith(".c") and not any(
            re.fullmatch(place, file.path) for place in SOURCE_PLACES
        ):
            findings.append((file.path, 1, "dead", "belongs to no library and no program"))
    headers = [file.path for file in files if file.path.endswith(".h")]
    for header in headers:
        if header not in included:
            findings.append((header, 1, "dead", "nobody includes it"))
    for path in paths:
        if path.endswith(NOTE_FILES) or path.startswith("scripts/"):
            findings += [(path, *finding) for finding in check_notes(root, path)]
    if compiler:
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            results = pool.map(lambda header: check_alone(root, compiler, header), headers)
            for header, result in zip(headers, results):
                findings += [(header, *finding) for finding in result]
    return sorted(set(findings))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0], epilog=RULES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--root", default=os.path.dirname(os.path.dirname(here)))
    parser.add_argument("--compiler", default="gcc")
    options = parser.parse_args()
    findings = check_tree(os.path.abspath(options.root), options.compiler)
    for path, line, rule, text in findings:
        print(f"{path}:{line}: {rule}: {text}")
    print(f"{len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
