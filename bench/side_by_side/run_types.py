"""Runs the scenarios of the data types: CPU per command, bytes per element, a huge value's end."""
import re
import subprocess
import time

import figures
import filler
import machine
from clients import ERROR_LINE, ClientFailure, collect, shown, spawn
from report import Section, Table
from run_memory import settled_rss
from run_tail import contenders, control, probe, probe_result

CALIBRATION_REQUESTS = 100000
QUICK_SCALE = 1000
WARMUP_COMMANDS = 50000


# ---- CPU ----

def _benchmark(context, server, scenario, test, requests, cores):
    """(requests, requests/s, command) of redis-benchmark with the test's own arguments."""
    tool = context.tools.redis_benchmark
    if tool is None:
        raise ClientFailure('redis-benchmark is not on PATH')
    argv = [tool.path, '-h', '127.0.0.1', '-p', str(server.port), '-c', str(scenario.connections),
            '-n', str(requests), '-P', str(scenario.pipeline), '-q', '--precision', '3']
    argv += ['-r', str(test.keys)] if test.keys else []
    argv += list(test.args)
    (out, err), = collect([spawn(argv, cores)])
    found = ERROR_LINE.search(err) or ERROR_LINE.search(out)
    if found:
        raise ClientFailure('redis-benchmark says: ' + found.group(0).strip())
    rates = re.findall(r'([\d.]+|inf) requests per second', out)
    if not rates:
        raise ClientFailure('redis-benchmark is not understood: ' + out[-400:])
    return requests, float(rates[-1]), shown(argv, server, cores)


def _prepare(context, server, test):
    server.command('FLUSHALL')
    if test.prepare is not None:
        filler.fill(server, test.prepare(QUICK_SCALE if context.quick else 1))


def _measure_test(context, scenario, section, running, test):
    seconds = context.seconds or scenario.seconds
    cores = context.cores[1:2] or context.cores
    samples = [[] for _ in running]
    requests = 1000 if context.quick else CALIBRATION_REQUESTS
    for server in running:
        _prepare(context, server, test)
    _, pace, _ = _benchmark(context, running[0], scenario, test, requests, cores)
    requests = max(int(min(pace, 5e6) * seconds), 1000)
    if test.requests_max:
        requests = min(requests, test.requests_max)
    for number in range(context.rounds):
        for index, server in enumerate(running):
            _prepare(context, server, test)
            meter = machine.Meter(server.pid)
            count, rate, command = _benchmark(context, server, scenario, test, requests, cores)
            meter.stop()
            server.check_alive()
            section.note_command('client', command, (test.label,))
            samples[index].append(figures.Sample(count, rate, meter.cpu_s))
        context.say('%s %s: round %d: CPU-s/M %s' % (
            scenario.name, test.label, number + 1,
            ', '.join('%s %.2f' % (server.label, samples[i][-1].cpu_s_per_million)
                      for i, server in enumerate(running))))
    return samples


def run_cpu(context, scenario):
    section = Section(scenario.name, scenario.title, scenario.proves)
    table = Table(['command', 'server', 'requests/s', 'server CPU-s per million', 'ratio', 'target'],
                  caption='pipeline %d, %d connections' % (scenario.pipeline,
                                                           scenario.connections))
    section.tables.append(table)
    running = []
    try:
        for variant, program in contenders(context, section):
            running.append(context.start(variant, program, context.cores[:1]))
            section.note_command(running[-1].label, running[-1].shown_command())
        for test in scenario.tests:
            samples = _measure_test(context, scenario, section, running, test)
            for index, server in enumerate(running):
                is_subject = index == 0 and len(running) > 1
                ratio = figures.paired_ratio(samples[0], samples[-1], 'cpu_s_per_million') \
                    if is_subject else None
                word = figures.verdict(ratio, scenario.target) if is_subject else ''
                if word == 'missed':
                    section.missed.append('%s: %s' % (test.label, ratio.text()))
                table.rows.append(
                    [test.label, server.label,
                     figures.thousands(figures.spread_of(samples[index], 'requests_per_s')),
                     figures.text_of(figures.spread_of(samples[index], 'cpu_s_per_million')),
                     figures.text_of(ratio) if is_subject else 'baseline',
                     '≤ %.2f: %s' % (scenario.target, word) if word else ''])
    finally:
        for server in running:
            server.stop()
    return section


# ---- Memory ----

class _Filled:
    def __init__(self, bytes_each):
        self.bytes_each = bytes_each


def _network_warmup(context):
    """Commands that leave nothing behind but the buffers of a busy connection."""
    return [['ECHO', b'x' * 200]] * (WARMUP_COMMANDS // (100 if context.quick else 1))


def run_memory(context, scenario):
    section = Section(scenario.name, scenario.title, scenario.proves)
    pairs = contenders(context, section)
    table = Table(['what', 'server', 'bytes each', 'ratio', 'target'])
    section.tables.append(table)
    for content in scenario.contents:
        samples = [[] for _ in pairs]
        count = content.count if not context.quick else 1000
        for number in range(min(context.rounds, scenario.rounds_max)):
            for index, (variant, program) in enumerate(pairs):
                with context.start(variant, program, context.cores[:1]) as server:
                    section.note_command(server.label, server.shown_command())
                    filler.fill(server, _network_warmup(context))
                    empty_bytes = settled_rss(server)
                    filler.fill(server, content.commands(count))
                    bytes_each = (settled_rss(server) - empty_bytes) / count
                    server.check_alive()
                samples[index].append(_Filled(bytes_each))
                context.say('%s %s: round %d: %s %.1f bytes each' % (
                    scenario.name, content.label, number + 1, program.kind.name, bytes_each))
        for index, (_, program) in enumerate(pairs):
            is_subject = index == 0 and len(pairs) > 1
            ratio = figures.paired_ratio(samples[0], samples[-1], 'bytes_each') \
                if is_subject else None
            word = figures.verdict(ratio, scenario.target) if is_subject else ''
            if word == 'missed':
                section.missed.append('%s: %s' % (content.label, ratio.text()))
            table.rows.append([content.label, program.kind.name,
                               figures.text_of(figures.spread_of(samples[index], 'bytes_each'), 1),
                               figures.text_of(ratio) if is_subject else 'baseline',
                               '≤ %.2f: %s' % (scenario.target, word) if word else ''])
    section.notes.append('growth of the resident set (smaps_rollup) from a server that has only seen '
                         'ECHO, divided by the number of values or elements')
    return section


# ---- DEL of a huge value ----

def _delete_once(context, scenario, section, variant, program, command):
    """Probes from before the command until after what it left behind is freed."""
    cores = context.cores
    server_cores, client_cores = cores[:1], cores[1:2] or cores[:1]
    with context.start(variant, program, server_cores) as server:
        members_count = scenario.members if not context.quick else 2000
        step = 500
        filler.fill(server, (['SADD', 'big'] + [b'member:%010d' % n for n in range(i, i + step)]
                             for i in range(0, members_count, step)))
        quiet, _ = control(context, scenario, server, client_cores)
        meter = machine.Meter(server.pid)
        prober = probe(context, scenario, server, client_cores, 1)
        try:
            time.sleep(scenario.before_s)
            before_s = time.monotonic()
            server.command(*command)
            took_ms = (time.monotonic() - before_s) * 1e3
            prober.wait(scenario.after_s)
        except subprocess.TimeoutExpired:
            pass  # as it should: the prober ends when it is told to
        finally:
            probes, raw = probe_result(context, prober)
        meter.stop()
        section.note_command('prober', context.tools.load.short(
            shown(prober.args[3:], server, client_cores)))
        worst = max(one['us'] - one['sent_late_us'] for one in raw['worst'])
        return [server.label, ' '.join(command), '%.1f' % took_ms, probes.total_count(),
                '%.0f' % worst, probes.over_count(scenario.pause_us_max),
                '%.0f' % quiet.quantile_us(1.0), quiet.over_count(scenario.pause_us_max),
                '%.1f' % (meter.waited_s * 1e3), '%.0f' % (meter.steal_s * 1e3)]


def run_delete(context, scenario):
    section = Section(scenario.name, scenario.title, scenario.proves)
    table = Table(['server', 'command', 'took, ms', 'probes', 'worst µs',
                   'probes over %.0f µs' % scenario.pause_us_max, 'control: worst µs',
                   'control: over', 'server waited for its core, ms', 'stolen, ms'],
                  caption='GET every %.1f ms around the end of a set of %s members' % (
                      1e3 / scenario.probe_rate, '{:,d}'.format(scenario.members)))
    section.tables.append(table)
    for _ in range(min(context.rounds, scenario.rounds_max)):
        for variant, program in contenders(context, section):
            for command in scenario.commands:
                table.rows.append(_delete_once(context, scenario, section, variant, program,
                                               command))
    return section
