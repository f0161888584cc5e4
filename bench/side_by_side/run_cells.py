"""Runs a grid (scenarios.Cells): every server is started and filled once, then each cell is
measured in turns over all servers, round after round."""
from contextlib import ExitStack

import figures
import machine
from clients import ClientFailure, Work
from report import Section, Table
from servers import ServerFailure

CALIBRATION_REQUESTS = 20000  # times the pipeline: redis-benchmark's clock has milliseconds
REQUESTS_MIN = 1000


def _cores_of(scenario, variant, all_cores):
    """(server cores, client cores). With 'spread' the client has the same cores for every variant:
    those that the largest one leaves."""
    if scenario.placement == 'shared':
        shared = all_cores[:scenario.cores_shared]
        return shared, shared
    if len(all_cores) == 1:
        return all_cores, all_cores
    if scenario.placement == 'spread':
        largest = max(other.threads for other in scenario.variants
                      if _fits(scenario, other, all_cores))
        return all_cores[:variant.threads], all_cores[largest:]
    return all_cores[:variant.threads], all_cores[variant.threads:][:1]


def _fits(scenario, variant, all_cores):
    return scenario.placement == 'shared' or len(all_cores) == 1 or \
        variant.threads < len(all_cores)


class _Contestant:
    """One running server with its samples of the present cell."""

    def __init__(self, context, scenario, variant, program):
        self.variant = variant
        self.server_cores, self.client_cores = _cores_of(scenario, variant, context.cores)
        self.server = context.start(variant, program, self.server_cores)
        self.samples = []
        try:
            self.client = context.tools.client_for(self.server, context.client or scenario.client)
        except ClientFailure:
            self.server.stop()
            raise

    def sample(self, scenario, work, section):
        """Measures once. processes 0 means one client process per client core."""
        server = self.server
        before = server.counters(scenario.counters)
        meter = machine.Meter(server.pid)
        outcome = self.client.run(server, work, self.client_cores)
        meter.stop()
        server.check_alive()
        after = server.counters(scenario.counters)
        # Requests differ where each has a pace of its own: one line per sort of work is enough.
        section.note_command('client', outcome.command,
                             (self.client.name, work.mix, work.pipeline, work.processes))
        return figures.Sample(
            requests=outcome.requests, requests_per_s=outcome.requests_per_s, cpu_s=meter.cpu_s,
            p50_us=outcome.histogram.quantile_us(0.5), p99_us=outcome.histogram.quantile_us(0.99),
            p999_us=outcome.histogram.quantile_us(0.999), waited_s=meter.waited_s,
            steal_s=meter.steal_s, is_exact=meter.is_exact, missing=outcome.missing,
            counters={word: after[name] - before[name]
                      for name, word in scenario.counters.items()
                      if name in before and name in after})


def _work(scenario, mix, pipeline, processes, requests):
    return Work(mix=mix, pipeline=pipeline, connections=scenario.connections,
                processes=processes, keys=scenario.keys, value_bytes=scenario.value_bytes,
                requests=requests)


def _measure_cell(context, scenario, section, contestants, cell):
    """Fills .samples of every contestant for this cell."""
    mix, pipeline, processes = cell
    seconds = context.seconds or scenario.seconds
    # A short run of each finds its pace, and warms it up.
    paces = []
    for contestant in contestants:
        contestant.samples = []
        clients_count = processes or len(contestant.client_cores)
        work = _work(scenario, mix, pipeline, clients_count,
                     REQUESTS_MIN if context.quick else CALIBRATION_REQUESTS * pipeline)
        paces.append(contestant.client.run(contestant.server, work,
                                           contestant.client_cores).requests_per_s)
    # The same number of requests for everybody, but where one is meant to be several times faster.
    if scenario.placement != 'spread':
        paces = [paces[0]] * len(paces)
    for number in range(context.rounds):
        for pace, contestant in zip(paces, contestants):
            work = _work(scenario, mix, pipeline, processes or len(contestant.client_cores),
                         max(int(pace * seconds), REQUESTS_MIN))
            contestant.samples.append(contestant.sample(scenario, work, section))
        context.say('%s %s pipeline %d%s: round %d: CPU-s/M %s' % (
            scenario.name, mix, pipeline, ', %d client processes' % processes
            if processes > 1 else '', number + 1,
            ', '.join('%s %.2f' % (c.server.label, c.samples[-1].cpu_s_per_million)
                      for c in contestants)))


def _rows(scenario, cell, contestants, baseline, section):
    """One row per server: what was asked, the figures, the ratios, the target."""
    mix, pipeline, processes = cell
    rows = []
    for contestant in contestants:
        samples = contestant.samples
        row = [mix, pipeline]
        row += [processes or 'one per core'] if scenario.processes != (1,) else []
        row += [contestant.server.label,
                figures.thousands(figures.spread_of(samples, 'requests_per_s')),
                figures.text_of(figures.spread_of(samples, 'cpu_s_per_million')),
                figures.text_of(figures.spread_of(samples, 'p50_us'), 0),
                figures.text_of(figures.spread_of(samples, 'p99_us'), 0),
                figures.text_of(figures.spread_of(samples, 'p999_us'), 0)]
        ratios = {name: figures.paired_ratio(samples, baseline.samples, name)
                  for name in ('cpu_s_per_million', 'p50_us')} if baseline else {}
        row.append('baseline' if contestant is baseline
                   else figures.text_of(ratios.get('cpu_s_per_million')))
        row.append('' if contestant is baseline else figures.text_of(ratios.get('p50_us')))
        verdicts = []
        for (name, label), by_pipeline in scenario.targets.items():
            target = by_pipeline.get(pipeline)
            if label != contestant.variant.label or target is None or contestant is baseline:
                continue
            word = figures.verdict(ratios.get(name), target)
            verdicts.append('%s ≤ %.2f: %s' % (name.split('_')[0], target, word or 'no baseline'))
            if word == 'missed':
                section.missed.append('%s %s, pipeline %d: %s' % (
                    contestant.server.label, mix, pipeline, verdicts[-1]))
        row.append('; '.join(verdicts))
        if scenario.counters:
            total = {}
            for sample in samples:
                for word, count in sample.counters.items():
                    total[word] = total.get(word, 0) + count
            row.append(figures.shares(total))
        rows.append(row)
    return rows


def _remarks(contestants, section):
    """What makes a figure doubtful is said, once per server."""
    for contestant in contestants:
        remarks = []
        if any(not sample.is_exact for sample in contestant.samples):
            remarks.append('a thread ended while it was measured, so CPU times are in ticks')
        if any(sample.missing for sample in contestant.samples):
            remarks.append('some keys that should be there were not')
        total_s = sum(sample.cpu_s for sample in contestant.samples)
        steal_s = sum(sample.steal_s for sample in contestant.samples)
        if total_s > 0 and steal_s > 0.02 * total_s:
            remarks.append('the hypervisor took %.1f s of the cores away' % steal_s)
        for remark in remarks:
            line = '%s: %s' % (contestant.server.label, remark)
            if line not in section.notes:
                section.notes.append(line)


def _enter(context, scenario, section, stack):
    """Starts and fills the servers that fit this machine; what does not is noted."""
    contestants = []
    resolved, missing = context.resolve(scenario.variants)
    for name in missing:
        section.notes.append('%s is not here' % name)
    for variant, program in resolved:
        if not _fits(scenario, variant, context.cores):
            section.notes.append('%s: skipped, it would leave no core for the client'
                                 % variant.label)
            continue
        try:
            contestant = _Contestant(context, scenario, variant, program)
            stack.callback(contestant.server.stop)
            context.tools.fill(contestant.server, scenario.keys, scenario.value_bytes,
                               contestant.client_cores)
        except (ClientFailure, ServerFailure) as error:
            if program is context.subject:
                raise
            section.notes.append('%s: skipped: %s' % (variant.label, error))
            continue
        contestants.append(contestant)
        section.note_command(contestant.server.label, contestant.server.shown_command())
    return contestants


def run(context, scenario):
    section = Section(scenario.name, scenario.title, scenario.proves)
    if len(context.cores) < scenario.cores_min:
        section.skipped = 'it needs %d cores, here are %d' % (scenario.cores_min,
                                                              len(context.cores))
        return section
    header = ['mix', 'pipeline'] + (['client processes'] if scenario.processes != (1,) else [])
    header += ['server', 'requests/s', 'server CPU-s per million', 'p50 µs', 'p99 µs',
               'p99.9 µs', 'CPU ratio', 'p50 ratio', 'target']
    header += ['where requests ran'] if scenario.counters else []
    table = Table(header)
    section.tables.append(table)
    with ExitStack() as stack:
        contestants = _enter(context, scenario, section, stack)
        wanted = scenario.baseline
        labels = {contestant.variant.label: contestant for contestant in contestants}
        if wanted not in labels and context.baseline_name(wanted):
            wanted = context.baseline_name(wanted)
            section.notes.append('%s is not here: the baseline is %s, and the targets, which are '
                                 'about the former, are only a hint' % (scenario.baseline, wanted))
        baseline = labels.get(wanted)
        for mix in scenario.mixes:
            for processes in scenario.processes:
                for pipeline in scenario.pipelines:
                    cell = (mix, pipeline, processes)
                    _measure_cell(context, scenario, section, contestants, cell)
                    table.rows += _rows(scenario, cell, contestants, baseline, section)
                    _remarks(contestants, section)
    return section
