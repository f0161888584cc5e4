"""The result as Markdown: one section per scenario, one or more tables in each."""
import time
from dataclasses import dataclass, field

import machine


@dataclass
class Table:
    header: list
    rows: list = field(default_factory=list)
    caption: str = ''


@dataclass
class Section:
    """What a runner gives back. skipped: why there is nothing."""
    name: str
    title: str
    proves: str = ''
    tables: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    commands: list = field(default_factory=list)
    failures: list = field(default_factory=list)
    missed: list = field(default_factory=list)
    skipped: str = ''
    commands_seen: set = field(default_factory=set)

    def note_command(self, label, command, key=None):
        """Once per key; without one, once per wording."""
        line = '%s: %s' % (label, command)
        if (key or line) not in self.commands_seen:
            self.commands_seen.add(key or line)
            self.commands.append(line)


def _table_lines(table):
    lines = ['**%s**' % table.caption, ''] if table.caption else []
    lines.append('| ' + ' | '.join(table.header) + ' |')
    lines.append('|' + '|'.join('---' if i == 0 else '---:' for i in range(len(table.header)))
                 + '|')
    for row in table.rows:
        lines.append('| ' + ' | '.join(str(cell).replace('|', '\\|') for cell in row) + ' |')
    return lines + ['']


def section_text(section):
    lines = ['## %s: %s' % (section.name, section.title), '']
    if section.skipped:
        return '\n'.join(lines + ['Skipped: %s.' % section.skipped, ''])
    if section.proves:
        lines += [section.proves, '']
    for table in section.tables:
        lines += _table_lines(table)
    lines += ['* ' + note for note in section.notes]
    lines += ['* **failed**: ' + failure.replace('\n', ' / ') for failure in section.failures]
    if section.notes or section.failures:
        lines.append('')
    if section.commands:
        lines += ['```'] + section.commands + ['```', '']
    return '\n'.join(lines)


def head_text(title, programs, options_text, quick):
    lines = ['# ' + title, '']
    if quick:
        lines += ['**A smoke test with tiny numbers: the figures below mean nothing.**', '']
    lines += ['* ' + line for line in machine.describe()]
    lines += ['* %s: %s' % (name, version) for name, version in programs]
    lines += ['* date: ' + time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime()),
              '* command: `%s`' % options_text, '',
              'A figure is the median of the rounds, with the lowest and the highest in brackets. '
              'A ratio is taken round by round against the baseline, and its median given: below '
              '1 is better than the baseline. How to read the rest: bench/README.md.', '']
    return '\n'.join(lines)
