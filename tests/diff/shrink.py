"""Makes a failing sequence short: delta debugging over its items."""
import time

SHRINK_S_MAX = 60.0


def shrink(items, fails, budget_s=SHRINK_S_MAX):
    """The shortest list found for which fails(list) still holds. fails(items) must hold."""
    deadline = time.monotonic() + budget_s
    parts_n = 2
    while len(items) >= 2 and time.monotonic() < deadline:
        size = max(1, len(items) // parts_n)
        for start in range(0, len(items), size):
            without = items[:start] + items[start + size:]
            if without and fails(without):
                items = without
                parts_n = max(2, parts_n - 1)
                break
            if time.monotonic() > deadline:
                return items
        else:
            if size == 1:
                break
            parts_n = min(len(items), parts_n * 2)
    return items
