#!/usr/bin/env python3
"""Does the machinery of bench/side_by_side work? Every scenario with tiny numbers, no figures judged.

    test_bench_smoke.py --server PATH [--io-backend X] [--quick]

Ends with 0, 1 for a failure, 77 where redis-benchmark or a C compiler is missing.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RUN = os.path.join(ROOT, 'bench', 'side_by_side', 'run.py')
RUN_S_MAX = 300
SCENARIOS = ('cpu', 'shards', 'shards-apart', 'tail', 'memory', 'default', 'types',
             'types-memory', 'big-delete', 'scaling')
# With --quick: one of each runner is enough.
SCENARIOS_QUICK = ('cpu', 'tail', 'memory', 'default', 'big-delete')
CORES_MIN = {'shards': 2, 'shards-apart': 4, 'scaling': 4}


class Failure(Exception):
    """What was expected, and what came instead."""


def check(condition, text):
    if not condition:
        raise Failure(text)


def run(arguments, folder):
    """With a folder for temporary files of its own, so that what is left behind is seen."""
    return subprocess.run([sys.executable, RUN] + arguments, capture_output=True, text=True,
                          timeout=RUN_S_MAX, check=False, stdin=subprocess.DEVNULL,
                          env=dict(os.environ, TMPDIR=folder))


def wrong_options_are_refused(options, folder):
    for arguments in (['--scenario', 'nonsense'], ['--rounds', '0']):
        done = run(arguments + ['--server', options.server], folder)
        check(done.returncode == 2, '%s ends with %d' % (arguments, done.returncode))
    done = run(['--server', '/nowhere/slipring-server', '--quick'], folder)
    check(done.returncode == 1 and 'no server at' in done.stderr, 'a missing server: %r' % done)


def every_scenario_gives_its_tables(options, folder):
    names = SCENARIOS_QUICK if options.quick else SCENARIOS
    markdown, summary = os.path.join(folder, 'out.md'), os.path.join(folder, 'out.json')
    peers = 'redis-server' if shutil.which('redis-server') else 'none'
    arguments = ['--server', options.server, '--quick', '--scenario', ','.join(names),
                 '--peers', peers, '--out', markdown, '--json', summary]
    if options.io_backend:
        arguments += ['--io-backend', options.io_backend]
    done = run(arguments, folder)
    check(done.returncode == 0, 'run.py ends with %d:\n%s' % (done.returncode, done.stderr[-4000:]))
    with open(summary, encoding='utf-8') as file:
        sections = json.load(file)
    with open(markdown, encoding='utf-8') as file:
        text = file.read()
    check([section['name'] for section in sections] == list(names), 'sections are missing')
    cores_count = len(os.sched_getaffinity(0))
    for section in sections:
        name = section['name']
        check('## ' + name + ':' in text, '%s is not in the Markdown' % name)
        if cores_count < CORES_MIN.get(name, 1):
            check(section['skipped'], '%s is not skipped on %d cores' % (name, cores_count))
            continue
        check(not section['skipped'], '%s was skipped: %s' % (name, section['skipped']))
        check(section['tables'], '%s has no table' % name)
        for table in section['tables']:
            check(table['rows'], '%s has an empty table' % name)
            for row in table['rows']:
                check(len(row) == len(table['header']), '%s: a row of another length' % name)
        print('ok: %s, %d rows' % (name, sum(len(table['rows']) for table in section['tables'])))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--server', required=True)
    parser.add_argument('--io-backend')
    parser.add_argument('--quick', action='store_true')
    options = parser.parse_args()
    if not shutil.which('redis-benchmark') or not (shutil.which('cc') or shutil.which('gcc')):
        print('skipped: redis-benchmark and a C compiler are needed')
        return 77
    folder = tempfile.mkdtemp(prefix='slipring-test-')
    try:
        wrong_options_are_refused(options, folder)
        print('ok: wrong options')
        every_scenario_gives_its_tables(options, folder)
        left = set(os.listdir(folder)) - {'out.md', 'out.json'}
        check(not left, 'left behind: %s' % left)
    except (Failure, subprocess.TimeoutExpired) as error:
        print('failed: %s' % error)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
