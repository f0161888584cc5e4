"""Runs scenarios.Memory: how much the resident set grows per key."""
import time

import figures
import machine
from clients import ClientFailure
from report import Section, Table
from scenarios import SUBJECT_WORD, Variant
from servers import RESP, ServerFailure

SETTLE_S = 0.3
SETTLE_S_MAX = 10.0
SETTLED_BYTES = 64 << 10


def settled_rss(server):
    """The resident set once it has stopped to change."""
    before = machine.rss_bytes(server.pid)
    deadline = time.monotonic() + SETTLE_S_MAX
    while True:
        time.sleep(SETTLE_S)
        now = machine.rss_bytes(server.pid)
        if abs(now - before) <= SETTLED_BYTES or time.monotonic() > deadline:
            return now
        before = now


class _Filled:
    """A sample with the one figure that is of interest here."""

    def __init__(self, bytes_per_key):
        self.bytes_per_key = bytes_per_key


def _fill_once(context, scenario, section, variant, program, expire_s):
    cores = context.cores
    with context.start(variant, program, cores[:1]) as server:
        section.note_command(server.label, server.shown_command())
        empty_bytes = settled_rss(server)
        context.tools.fill(server, scenario.keys, scenario.value_bytes, cores[1:2] or cores,
                           expire_s)
        full_bytes = settled_rss(server)
        server.check_alive()
        return _Filled((full_bytes - empty_bytes) / scenario.keys)


def _contenders(context, section):
    pairs = [(Variant(SUBJECT_WORD), context.subject)]
    for peer in context.peers:
        if peer.kind.protocol == RESP:
            pairs.append((Variant(peer.kind.name, peer.kind.name), peer))
        else:
            section.notes.append('%s: skipped, its client cannot write these keys'
                                 % peer.kind.name)
    return pairs


def _measure(context, scenario, section, pairs, expire_s):
    """{index in pairs: samples}, in turns. A peer that cannot do it is left out, and named."""
    samples = {index: [] for index in range(len(pairs))}
    for number in range(min(context.rounds, scenario.rounds_max)):
        for index, (variant, program) in enumerate(pairs):
            if index not in samples:
                continue
            try:
                sample = _fill_once(context, scenario, section, variant, program, expire_s)
            except (ClientFailure, ServerFailure) as error:
                if program is context.subject:
                    raise
                section.notes.append('%s: skipped: %s' % (variant.label, error))
                del samples[index]
                continue
            samples[index].append(sample)
            context.say('memory, EX %d: round %d: %s %.1f bytes a key' % (
                expire_s, number + 1, program.kind.name, sample.bytes_per_key))
    return samples


def run(context, scenario):
    section = Section(scenario.name, scenario.title, scenario.proves)
    pairs = _contenders(context, section)
    baseline_name = context.baseline_name('valkey9-server')
    if baseline_name not in (None, 'valkey9-server'):
        section.notes.append('valkey9-server is not here: the baseline is ' + baseline_name)
    table = Table(['keys', 'server', 'bytes per key', 'ratio', 'target'],
                  caption='%s keys key:%%012d with %d-byte values' % (
                      '{:,d}'.format(scenario.keys), scenario.value_bytes))
    section.tables.append(table)
    for expire_s in scenario.expire_s:
        samples = _measure(context, scenario, section, pairs, expire_s)
        base = next((samples[i] for i in samples if pairs[i][0].server == baseline_name), None)
        for index, values in samples.items():
            variant, program = pairs[index]
            ratio = figures.paired_ratio(values, base, 'bytes_per_key') if base else None
            target = scenario.targets.get(expire_s) if index == 0 else None
            word = figures.verdict(ratio, target)
            if word == 'missed':
                section.missed.append('memory, EX %d: %s' % (expire_s, ratio.text()))
            table.rows.append(
                ['SET … EX %d' % expire_s if expire_s else 'SET', program.kind.name,
                 figures.text_of(figures.spread_of(values, 'bytes_per_key'), 1),
                 'baseline' if values is base else figures.text_of(ratio),
                 '≤ %.2f: %s' % (target, word or 'no baseline') if target else ''])
    section.notes.append('growth of the resident set (smaps_rollup) from a server just started to '
                         'one that holds the keys, divided by their number')
    return section
