"""Runs scenarios.Default: what everybody types first must end without an error."""
from clients import ClientFailure, Work
from report import Section, Table
from scenarios import SUBJECT_WORD, Variant
from servers import ServerFailure


def _errors_of(server):
    """What the server itself counted as errors: {'errorstat_ERR': 'count=3'}."""
    return {name: value for name, value in server.info().items()
            if name.startswith('errorstat_')}


def _run_list(context, scenario, section, table, server, pipeline):
    if context.tools.redis_benchmark is None:
        raise ClientFailure('redis-benchmark is not on PATH')
    rows, warnings, command = context.tools.redis_benchmark.run_list(
        server, scenario.tests, scenario.requests, scenario.keys, pipeline,
        context.cores[1:] or context.cores)
    section.note_command('redis-benchmark', command)
    for test, requests_per_s, p50_ms, p99_ms in rows:
        table.rows.append([server.label, 'redis-benchmark', test, pipeline,
                           '{:,.0f}'.format(requests_per_s), '%.0f' % (p50_ms * 1e3),
                           '%.0f' % (p99_ms * 1e3)])
    lacking = set(scenario.tests_expected) - {row[0] for row in rows}
    if lacking:
        raise ClientFailure('no result for ' + ', '.join(sorted(lacking)))
    if warnings:
        section.notes.append('%s: redis-benchmark warns: %s' % (server.label, warnings))


def _run_memtier(context, scenario, section, table, server, pipeline):
    work = Work(mix=scenario.memtier_mix, pipeline=pipeline, requests=scenario.requests,
                keys=scenario.keys)
    outcome = context.tools.memtier.run(server, work, context.cores[1:] or context.cores)
    section.note_command('memtier', outcome.command)
    table.rows.append([server.label, 'memtier', '1:10', pipeline,
                       '{:,.0f}'.format(outcome.requests_per_s),
                       '%.0f' % outcome.histogram.quantile_us(0.5),
                       '%.0f' % outcome.histogram.quantile_us(0.99)])


def run(context, scenario):
    section = Section(scenario.name, scenario.title, scenario.proves)
    table = Table(['server', 'client', 'test', 'pipeline', 'requests/s', 'p50 µs', 'p99 µs'])
    section.tables.append(table)
    runs = [('redis-benchmark', _run_list)]
    if context.tools.memtier is not None:
        runs.append(('memtier', _run_memtier))
    else:
        section.notes.append('memtier_benchmark is not on PATH: only redis-benchmark was run')
    for shards in scenario.shards:
        variant = Variant('%d shard%s' % (shards, 's' if shards > 1 else ''), SUBJECT_WORD, shards)
        with context.start(variant, context.subject, context.cores[:max(shards, 1)]) as server:
            section.note_command(server.label, server.shown_command())
            for pipeline in scenario.pipelines:
                for name, run_one in runs:
                    context.say('default: %s, %s, pipeline %d' % (server.label, name, pipeline))
                    try:
                        run_one(context, scenario, section, table, server, pipeline)
                        server.check_alive()
                    except (ClientFailure, ServerFailure) as error:
                        section.failures.append('%s, %s, pipeline %d: %s' % (
                            server.label, name, pipeline, error))
            errors = _errors_of(server)
            if errors:
                section.failures.append('%s counted errors: %s' % (server.label, errors))
    if not section.failures:
        section.notes.append('every run ended without an error, on either side')
    return section
