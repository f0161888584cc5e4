"""Runs scenarios.Tail: p99.9 in an open loop at half load, and the pauses of a growing table.

The prober of the second part is load.c with one connection at a fixed rate, on the client's core
together with the loader; with the right to do so it runs ahead of the loader (SCHED_FIFO), so that
it does not take its own wait for the core for the server's pause. What is left of such waits shows
in the control (the same prober, nothing else to do) and in the server's own wait for a core.
"""
import signal
import subprocess

import figures
import machine
from clients import Work, collect, shown, spawn
from report import Section, Table
from scenarios import SUBJECT_WORD, Variant
from servers import RESP

CALIBRATION_REQUESTS = 20000


def contenders(context, section):
    """[(variant, program)]: the subject and the baseline."""
    name = context.baseline_name('valkey9-server')
    pairs = [(Variant(SUBJECT_WORD), context.subject)]
    if name is None:
        section.notes.append('no baseline is here')
    else:
        pairs.append((Variant(name, name), context.program(name)))
    return pairs


def _placement(context):
    """(server cores, client cores)"""
    cores = context.cores
    return cores[:1], cores[1:2] or cores[:1]


def _half_load(context, scenario, section, running):
    """Open loop, the same rate for everybody: a share of the slower one's closed-loop maximum."""
    _, client_cores = _placement(context)
    seconds = context.seconds or scenario.seconds
    load = context.tools.load
    work = dict(mix=scenario.mix, connections=scenario.connections, keys=scenario.keys,
                value_bytes=scenario.value_bytes)
    best = []
    for server in running:
        count = CALIBRATION_REQUESTS
        for _ in range(2):  # the first run warms up and finds the pace of the second
            outcome = load.run(server, Work(requests=count, **work), client_cores)
            count = max(int(outcome.requests_per_s * min(seconds, 2.0)), 1000)
        best.append(outcome.requests_per_s)
    rate = max(int(min(best) * scenario.load_share), 100)
    count = max(int(rate * seconds), 100)
    samples = [[] for _ in running]
    for number in range(context.rounds):
        for index, server in enumerate(running):
            meter = machine.Meter(server.pid)
            outcome = load.run(server, Work(requests=count, rate=rate, **work), client_cores)
            meter.stop()
            section.note_command('client', outcome.command)
            quantile_us = outcome.histogram.quantile_us
            samples[index].append(figures.Sample(
                outcome.requests, outcome.requests_per_s, meter.cpu_s, quantile_us(0.5),
                quantile_us(0.99), quantile_us(0.999), meter.waited_s))
        context.say('tail: round %d: p99.9 µs %s' % (number + 1, ', '.join(
            '%s %.0f' % (server.label, samples[i][-1].p999_us)
            for i, server in enumerate(running))))
    table = Table(['server', 'most it can, requests/s', 'offered, requests/s', 'p50 µs', 'p99 µs',
                   'p99.9 µs', 'p99.9 ratio', 'target'],
                  caption='Open loop, %s' % scenario.mix)
    for index, server in enumerate(running):
        ratio = figures.paired_ratio(samples[index], samples[-1], 'p999_us') \
            if index < len(running) - 1 else None
        word = figures.verdict(ratio, scenario.target_p999)
        if word == 'missed':
            section.missed.append('%s: p99.9 at half load' % server.label)
        table.rows.append(
            [server.label, '{:,.0f}'.format(best[index]), '{:,d}'.format(rate)]
            + [figures.text_of(figures.spread_of(samples[index], name), 0)
               for name in ('p50_us', 'p99_us', 'p999_us')]
            + [figures.text_of(ratio) if ratio else 'baseline',
               'p99.9 ≤ %.2f: %s' % (scenario.target_p999, word) if word else ''])
    section.tables.append(table)


def probe(context, scenario, server, cores, keys):
    """Starts the prober; it runs until it gets SIGTERM."""
    work = Work(mix='get', connections=1, rate=scenario.probe_rate, requests=0, keys=keys,
                realtime=True)
    return spawn(context.tools.load.argv(server, work, 0), cores)


def probe_result(context, process):
    process.send_signal(signal.SIGTERM)
    outcome = context.tools.load.parse(collect([process]), None)
    return outcome.histogram, outcome.raw[0]


def control(context, scenario, server, cores):
    process = probe(context, scenario, server, cores, 1)
    try:
        process.wait(scenario.control_seconds)
    except subprocess.TimeoutExpired:
        pass  # as it should: the prober ends when it is told to
    return probe_result(context, process)


def _growth_once(context, scenario, section, variant, program):
    """One server from empty to full. Gives the cells of its row."""
    server_cores, client_cores = _placement(context)
    with context.start(variant, program, server_cores) as server:
        quiet, _ = control(context, scenario, server, client_cores)
        loader = Work(mix='set', sequential=True, keys=scenario.growth_keys,
                      requests=scenario.growth_keys, connections=scenario.growth_connections,
                      pipeline=scenario.growth_pipeline, value_bytes=scenario.value_bytes)
        meter = machine.Meter(server.pid)
        prober = probe(context, scenario, server, client_cores, scenario.growth_keys)
        try:
            outcome = context.tools.load.run(server, loader, client_cores)
        finally:
            probes, raw = probe_result(context, prober)
        meter.stop()
        server.check_alive()
        section.note_command('loader', outcome.command)
        section.note_command('prober', context.tools.load.short(
            shown(prober.args[3:], server, client_cores)))
        worst = sorted((one['us'] - one['sent_late_us'] for one in raw['worst']), reverse=True)
        limit_us = scenario.pause_us_max
        keys_count = server.keys_count()
        if keys_count != scenario.growth_keys:
            section.failures.append('%s holds %d keys' % (server.label, keys_count))
        context.say('tail: growth of %s: worst %.0f µs, control %.0f µs' % (
            server.label, worst[0], quiet.quantile_us(1.0)))
        return {'server': server.label, 'pace': outcome.requests_per_s,
                'probes': probes.total_count(), 'p999': probes.quantile_us(0.999),
                'p9999': probes.quantile_us(0.9999), 'worst': worst[0],
                'over': probes.over_count(limit_us), 'control_worst': quiet.quantile_us(1.0),
                'control_over': quiet.over_count(limit_us),
                'waited_ms': meter.waited_s * 1e3, 'steal_ms': meter.steal_s * 1e3,
                'realtime': raw['realtime']}


def _growth(context, scenario, section, pairs):
    table = Table(['server', 'round', 'SET/s', 'probes', 'p99.9 µs', 'p99.99 µs', 'worst µs',
                   'probes over %.0f µs' % scenario.pause_us_max, 'control: worst µs',
                   'control: over', 'server waited for its core, ms', 'stolen, ms'],
                  caption='GET every %.1f ms while the table grows from 0 to %s keys' % (
                      1e3 / scenario.probe_rate, '{:,d}'.format(scenario.growth_keys)))
    is_realtime = True
    for number in range(min(context.rounds, scenario.growth_rounds_max)):
        for variant, program in pairs:
            one = _growth_once(context, scenario, section, variant, program)
            is_realtime = is_realtime and one['realtime']
            table.rows.append([one['server'], number + 1, '{:,.0f}'.format(one['pace']),
                               one['probes'], '%.0f' % one['p999'], '%.0f' % one['p9999'],
                               '%.0f' % one['worst'], one['over'], '%.0f' % one['control_worst'],
                               one['control_over'], '%.1f' % one['waited_ms'],
                               '%.0f' % one['steal_ms']])
    section.tables.append(table)
    section.notes.append('the target: no probe over %.0f µs that neither the control, nor the '
                         'server\'s wait for its core, nor stolen time explains'
                         % scenario.pause_us_max)
    if not is_realtime:
        section.notes.append('the prober had no right to run ahead of the loader: its own waits '
                             'for the core are in the figures')


def run(context, scenario):
    section = Section(scenario.name, scenario.title, scenario.proves)
    pairs = [(variant, program) for variant, program in contenders(context, section)
             if program.kind.protocol == RESP]
    server_cores, client_cores = _placement(context)
    running = []
    try:
        for variant, program in pairs:
            running.append(context.start(variant, program, server_cores))
            section.note_command(running[-1].label, running[-1].shown_command())
            context.tools.fill(running[-1], scenario.keys, scenario.value_bytes, client_cores)
        _half_load(context, scenario, section, running)
    finally:
        for server in running:
            server.stop()
    _growth(context, scenario, section, pairs)
    return section
