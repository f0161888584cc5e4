"""What the machine is, and what a process used of it, as /proc tells it.

CPU time comes from /proc/PID/task/*/schedstat (nanoseconds), not from /proc/PID/stat (ticks of
10 ms): at 100,000 requests a tick would be 100 ns a request. It holds what the server's threads
ran, their system calls and the interrupts that hit them; what the kernel does for the server on
the client's core (the loopback's receive path) is charged to the client, for all servers alike.
"""
import glob
import os
import platform
import re

TICKS_PER_S = os.sysconf('SC_CLK_TCK')
PAGE_BYTES = os.sysconf('SC_PAGE_SIZE')


def cores():
    """The cores that this process may use, in order."""
    return sorted(os.sched_getaffinity(0))


def core_list(numbers):
    """As taskset wants it: 0,1,2."""
    return ','.join(str(n) for n in numbers)


def describe():
    """Lines for the head of a report."""
    cpu_model = 'unknown CPU'
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        found = re.search(r'^model name\s*:\s*(.+)$', file.read(), re.M)
        if found:
            cpu_model = found.group(1)
    with open('/proc/meminfo', encoding='utf-8') as file:
        memory_kib = int(re.search(r'MemTotal:\s+(\d+)', file.read()).group(1))
    system = 'Linux'
    if os.path.exists('/etc/os-release'):
        with open('/etc/os-release', encoding='utf-8') as file:
            found = re.search(r'^PRETTY_NAME="?([^"\n]+)', file.read(), re.M)
            system = found.group(1) if found else system
    return ['CPU: %s, %d cores usable of %d' % (cpu_model, len(cores()), os.cpu_count()),
            'memory: %.1f GiB' % (memory_kib / 1048576),
            'system: %s, kernel %s' % (system, platform.release()),
            'load average at the start: %.2f (what else runs here is in the figures)'
            % os.getloadavg()[0]]


def _read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def _threads(pid):
    """{tid: (ran_ns, waited_ns)}: time on a core, time runnable without one."""
    threads = {}
    for path in glob.glob('/proc/%d/task/*/schedstat' % pid):
        try:
            ran, waited = _read(path).split()[:2]
        except (OSError, ValueError):
            continue  # the thread ended between glob and open
        threads[int(path.split('/')[-2])] = (int(ran), int(waited))
    return threads


def _ticks(pid):
    fields = _read('/proc/%d/stat' % pid).rpartition(')')[2].split()
    return int(fields[11]) + int(fields[12])


def _steal_ticks():
    return int(_read('/proc/stat').split('\n', 1)[0].split()[8])


class Meter:
    """What a process used between its making and stop()."""

    def __init__(self, pid):
        self.pid = pid
        self.threads = _threads(pid)
        self.ticks = _ticks(pid)
        self.steal_ticks = _steal_ticks()
        self.cpu_s = self.waited_s = self.steal_s = 0.0
        self.is_exact = True

    def stop(self):
        after = _threads(self.pid)
        ran = waited = 0
        for tid, (ran_ns, waited_ns) in after.items():
            before = self.threads.get(tid, (0, 0))
            ran += ran_ns - before[0]
            waited += waited_ns - before[1]
        self.cpu_s = ran / 1e9
        self.waited_s = waited / 1e9
        self.steal_s = (_steal_ticks() - self.steal_ticks) / TICKS_PER_S
        if not after or set(self.threads) - set(after):
            # A thread ended and took its nanoseconds along: the process' ticks still hold them.
            self.cpu_s = (_ticks(self.pid) - self.ticks) / TICKS_PER_S
            self.is_exact = False
        return self


def rss_bytes(pid):
    """Resident bytes. statm is only a fall-back: it lags behind by some pages per core."""
    try:
        return int(re.search(r'^Rss:\s+(\d+) kB', _read('/proc/%d/smaps_rollup' % pid),
                             re.M).group(1)) * 1024
    except (OSError, AttributeError):
        return int(_read('/proc/%d/statm' % pid).split()[1]) * PAGE_BYTES
