"""From samples to figures: histograms, medians, spreads and ratios pair by pair.

Machines drift: a neighbour wakes up, a clock changes. So servers are measured in turns, A B A B,
and A is divided by the B of the same round; the median of these ratios is the figure, their lowest
and highest the spread. The ratio of two medians would compare moments that never met.
"""
import statistics
from dataclasses import dataclass, field


class Histogram:
    """Latencies as (upper bound in ns -> count)."""

    def __init__(self, buckets=()):
        self.counts = {}
        self.add(buckets)

    def add(self, buckets):
        for upper_ns, count in buckets:
            self.counts[upper_ns] = self.counts.get(upper_ns, 0) + count
        return self

    def buckets(self):
        return sorted(self.counts.items())

    def total_count(self):
        return sum(self.counts.values())

    def quantile_us(self, share):
        """What `share` of all latencies does not exceed; None without any."""
        rank = share * self.total_count()
        seen = 0
        for upper_ns, count in self.buckets():
            seen += count
            if seen >= rank - 1e-6:
                return upper_ns / 1e3
        return None

    def over_count(self, limit_us):
        return sum(count for upper_ns, count in self.counts.items() if upper_ns > limit_us * 1e3)


@dataclass
class Sample:
    """One server, one piece of work, once."""
    requests: int
    requests_per_s: float
    cpu_s: float
    p50_us: float = None
    p99_us: float = None
    p999_us: float = None
    waited_s: float = 0.0
    steal_s: float = 0.0
    is_exact: bool = True
    missing: int = 0
    counters: dict = field(default_factory=dict)

    @property
    def cpu_s_per_million(self):
        return self.cpu_s / self.requests * 1e6


@dataclass(frozen=True)
class Spread:
    median: float
    low: float
    high: float

    def text(self, digits=2):
        if self.low == self.high:
            return '%.*f' % (digits, self.median)
        return '%.*f (%.*f–%.*f)' % (digits, self.median, digits, self.low, digits, self.high)


def spread(values):
    values = [value for value in values if value is not None]
    if not values:
        return None
    return Spread(statistics.median(values), min(values), max(values))


def spread_of(samples, name):
    return spread([getattr(sample, name) for sample in samples])


def paired_ratio(samples, baseline, name):
    """samples[i] / baseline[i], round by round; None where a figure is missing or zero."""
    ratios = []
    for sample, base in zip(samples, baseline):
        above, below = getattr(sample, name), getattr(base, name)
        if above is not None and below:
            ratios.append(above / below)
    return spread(ratios)


def verdict(ratio, target):
    """met; within spread: the median misses it but a round met it; missed."""
    if ratio is None or target is None:
        return ''
    if ratio.median <= target:
        return 'met'
    return 'within spread' if ratio.low <= target else 'missed'


def text_of(figure, digits=2):
    """A Spread, a number or None in a table cell."""
    if figure is None:
        return '–'
    if isinstance(figure, Spread):
        return figure.text(digits)
    return '%.*f' % (digits, figure)


def thousands(figure):
    """Requests per second: 123,456 (120,000–125,000)."""
    if figure is None:
        return '–'
    if figure.low == figure.high:
        return '{:,.0f}'.format(figure.median)
    return '{:,.0f} ({:,.0f}–{:,.0f})'.format(figure.median, figure.low, figure.high)


def shares(counters):
    """{'local': 75, 'lent': 25} -> 'local 75 %, lent 25 %'."""
    total = sum(counters.values())
    if total <= 0:
        return '–'
    return ', '.join('%s %.1f %%' % (name, 100 * count / total)
                     for name, count in counters.items())
