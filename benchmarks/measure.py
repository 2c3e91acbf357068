"""Measures work beside other work: as a multiple of its client CPU time, or how many times as fast it is.

Absolute times mean nothing on a shared machine. Work and its unit therefore take turns, and the result is the
median of the rounds' ratios.
"""

from __future__ import annotations

import gc
import resource
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Comparison", "Speedup", "import_ratio", "memory_ratio"]

Work = Callable[[], object]
Clock = Callable[[], float]


@dataclass
class Comparison:
    """Some work beside its unit.

    Args:
        name: What is done.
        unit: The driver's way; its time is 1.
        work: The library's way.
        goal: Greatest multiple wanted; None where it is only to be seen.
    """

    name: str
    unit: Work
    work: Work
    goal: float | None = None
    ratios: list[float] = field(default_factory=list)
    clock: Clock = time.process_time

    def run(self, rounds: int) -> None:
        """Do both in turn, after one round to warm up."""
        for number in range(rounds + 1):
            # Either may profit from going second, so they change places.
            if number % 2:
                work, unit = _time(self.clock, self.work), _time(self.clock, self.unit)
            else:
                unit, work = _time(self.clock, self.unit), _time(self.clock, self.work)
            if number:
                self.ratios.append(self._compared(unit, work))

    def _compared(self, unit: float, work: float) -> float:
        return work / unit

    def _reached(self, goal: float) -> bool:
        return self.ratio <= goal

    @property
    def ratio(self) -> float:
        """The median over all rounds."""
        return statistics.median(self.ratios)

    def __str__(self) -> str:
        goal = (
            ""
            if self.goal is None
            else f"  goal {self.goal:<5} {'' if self._reached(self.goal) else 'missed'}"
        )
        spread = f"{min(self.ratios):.2f} to {max(self.ratios):.2f}"
        return f"{self.name:<34} {self.ratio:5.2f}  ({spread}){goal}".rstrip()


@dataclass
class Speedup(Comparison):
    """Some work and how many times as fast as its unit it is, by the clock on the wall.

    The goal is the least number wanted.
    """

    clock: Clock = time.perf_counter

    def _compared(self, unit: float, work: float) -> float:
        return unit / work

    def _reached(self, goal: float) -> bool:
        return self.ratio >= goal


def _time(clock: Clock, work: Work) -> float:
    gc.collect()
    start = clock()
    work()
    return clock() - start


def memory_ratio(name: str, unit: Work, work: Work, goal: float) -> Comparison:
    """Compare the memory held by what two functions return."""
    comparison = Comparison(name, unit, work, goal)
    comparison.ratios.append(_memory_of(work) / _memory_of(unit))
    return comparison


def _memory_of(work: Work) -> int:
    work()
    gc.collect()
    tracemalloc.start()
    held = work()
    gc.collect()
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del held
    return used


def import_ratio(unit: str, work: str, goal: float, rounds: int) -> Comparison:
    """Compare the CPU time of importing two modules, each in a new interpreter, without the interpreter's own."""
    comparison = Comparison(f"import {work}", lambda: None, lambda: None, goal)
    for _ in range(rounds):
        bare = _interpreter_time("pass")
        unit_time, work_time = _interpreter_time(f"import {unit}"), _interpreter_time(f"import {work}")
        comparison.ratios.append((work_time - bare) / (unit_time - bare))
    return comparison


def _interpreter_time(code: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
