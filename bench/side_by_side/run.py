#!/usr/bin/env python3
"""Side by side benchmarks: slipring beside the servers it competes with, in turns, as Markdown.

    run.py                                   every scenario, to stdout
    run.py --scenario cpu,shards --rounds 5 --out bench/results/NAME.md
    run.py --quick                           does the machinery work? a few seconds, no figures
    run.py --list                            what is there to run, and which servers were found

Peers come from PEERS=DIR (DIR/bin) and from PATH. Ends with 0 if all that was asked for was
measured, 1 if something failed, 2 for a wrong option; with --strict, 1 also for a missed target.
bench/README.md says what each scenario proves and how to read it.
"""
import argparse
import json
import os
import shlex
import signal
import sys

import report
import run_cells
import run_default
import run_memory
import run_tail
import run_types
import scenarios
import servers
from clients import BENCHMARK_NAMES, ROOT, ClientFailure, Tools
from context import Context

RUNNERS = {scenarios.Cells: run_cells.run, scenarios.Tail: run_tail.run,
           scenarios.Memory: run_memory.run, scenarios.Default: run_default.run,
           scenarios.TypesCpu: run_types.run_cpu, scenarios.TypesMemory: run_types.run_memory,
           scenarios.BigDelete: run_types.run_delete}


def parse_options(argv):
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0],
                                     epilog='Scenarios: ' + ', '.join(scenarios.BY_NAME))
    parser.add_argument('--server', metavar='PATH',
                        default=os.path.join(ROOT, 'build', 'release', 'slipring-server'),
                        help='the server under test (default: the release build)')
    parser.add_argument('--io-backend', choices=('auto', 'io_uring', 'epoll'),
                        help="slipring's event loop")
    parser.add_argument('--scenario', default='all', metavar='NAME,..', help='which (default: all)')
    parser.add_argument('--peers', default='all', metavar='NAME,..',
                        help='which of the servers found to compare with; none for none')
    parser.add_argument('--rounds', type=int, default=5, help='turns per cell (default: 5)')
    parser.add_argument('--seconds', type=float, default=0.0,
                        help="length of one measurement (default: the scenario's)")
    parser.add_argument('--client', choices=BENCHMARK_NAMES + ('load', 'memtier'),
                        help="the load generator (default: the scenario's)")
    parser.add_argument('--out', metavar='FILE', help='where the Markdown goes (default: stdout)')
    parser.add_argument('--json', metavar='FILE', help='a summary for programs')
    parser.add_argument('--quick', action='store_true', help='tiny numbers: a smoke test')
    parser.add_argument('--strict', action='store_true', help='a missed target is a failure')
    parser.add_argument('--list', action='store_true', help='say what there is, and end')
    options = parser.parse_args(argv)
    names = list(scenarios.BY_NAME) if options.scenario == 'all' else options.scenario.split(',')
    for name in names:
        if name not in scenarios.BY_NAME:
            parser.error('no scenario %r: there are %s' % (name, ', '.join(scenarios.BY_NAME)))
    if options.rounds < 1 or options.seconds < 0:
        parser.error('--rounds must be 1 or more, --seconds not negative')
    options.names = names
    return options


def find_peers(wanted):
    """Every peer found, or those named in `wanted`; a named one that is missing is an error."""
    names = [name for name in servers.KINDS if name != servers.SUBJECT]
    if wanted == 'none':
        return []
    if wanted != 'all':
        for name in wanted.split(','):
            if name not in names or not servers.find_program(name):
                raise servers.ServerFailure('no peer %s on PATH or in PEERS' % name)
        names = wanted.split(',')
    found = []
    for name in names:
        path = servers.find_program(name)
        if path:
            found.append(servers.Program(servers.KINDS[name], path, servers.version_of(path)))
    return found


def subject_of(options):
    if not os.access(options.server, os.X_OK):
        raise servers.ServerFailure('no server at %s: scripts/build release' % options.server)
    kind = servers.kind_of_subject(options.server)
    extra = ('--io-backend', options.io_backend) \
        if options.io_backend and kind.name == servers.SUBJECT else ()
    return servers.Program(kind, options.server, servers.version_of(options.server), extra)


def run_scenario(context, scenario):
    """A section in any case: what goes wrong in it is written into it."""
    print('== %s: %s' % (scenario.name, scenario.title), file=sys.stderr, flush=True)
    try:
        return RUNNERS[type(scenario)](context, scenario)
    except (ClientFailure, servers.ServerFailure, OSError) as error:
        print('   failed: %s' % error, file=sys.stderr, flush=True)
        return report.Section(scenario.name, scenario.title, failures=[str(error)])


def versions(context):
    names = [('server under test (%s)' % context.subject.kind.name, context.subject.version)]
    names += [(peer.kind.name, peer.version) for peer in context.peers]
    for client in list(context.tools.benchmarks.values()) + [context.tools.memtier]:
        if client is not None:
            names.append((client.name, servers.version_of(client.path)))
    return names


def write_out(options, text, sections):
    if options.out:
        os.makedirs(os.path.dirname(os.path.abspath(options.out)), exist_ok=True)
        with open(options.out, 'w', encoding='utf-8') as file:
            file.write(text)
    else:
        print(text)
    if options.json:
        with open(options.json, 'w', encoding='utf-8') as file:
            json.dump([{'name': section.name, 'skipped': section.skipped,
                        'failures': section.failures, 'missed': section.missed,
                        'notes': section.notes,
                        'tables': [{'header': table.header, 'rows': table.rows}
                                   for table in section.tables]}
                       for section in sections], file, indent=1, ensure_ascii=False)


def main(argv):
    options = parse_options(argv)
    # scripts/test ends what takes too long with SIGTERM: the servers must go with us.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    tools = Tools()
    try:
        context = Context(subject_of(options), find_peers(options.peers), tools,
                          1 if options.quick else options.rounds, options.quick,
                          options.client or '', options.seconds)
        if options.list:
            for scenario in scenarios.ALL:
                print('%-13s %s' % (scenario.name, scenario.title))
            for name, version in versions(context):
                print('%-13s %s' % (name, version))
            return 0
        sections = []
        text = report.head_text('Side by side', versions(context),
                                'run.py ' + shlex.join(argv), options.quick)
        for name in options.names:
            scenario = scenarios.BY_NAME[name]
            sections.append(run_scenario(context, scenario.quick() if options.quick else scenario))
            text += '\n' + report.section_text(sections[-1])
            write_out(options, text, sections) if options.out else None  # what is there is safe
        if not options.out:
            write_out(options, text, sections)
    except servers.ServerFailure as error:
        print('run.py: %s' % error, file=sys.stderr)
        return 1
    finally:
        tools.close()
    failed = any(section.failures for section in sections)
    missed = any(section.missed for section in sections)
    return 1 if failed or (options.strict and missed) else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
