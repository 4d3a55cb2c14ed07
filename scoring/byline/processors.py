"""How many processors a program may use; asked where it starts, never by the library itself."""

from __future__ import annotations

import os
from pathlib import Path


def processors(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Processors this process may use, which is fewer than there are in many a container.

    Args:
        quota: where Linux (cgroup v2) says how many µs a container may run, and in how many.
    """
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    count = count or 1
    try:
        most, period = map(int, quota.read_text("ascii").split())
    except (OSError, ValueError):  # no container, or one without a bound: `max 100000`
        return count
    return min(count, max(1, round(most / period)))
