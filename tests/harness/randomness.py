"""Randomness that can be repeated: one printed seed for the run, one generator for each test."""

from __future__ import annotations

import os
import random

__all__ = ["SEED_VARIABLE", "make_random", "run_seed"]

SEED_VARIABLE = "MING_TEST_SEED"


def run_seed() -> str:
    """The seed of this run: the one asked for, else a new one, the same in worker processes."""
    return os.environ.setdefault(SEED_VARIABLE, str(random.SystemRandom().randrange(10**6)))


def make_random(test_name: str) -> random.Random:
    """A generator for one test, which depends on the seed and the test's name alone."""
    return random.Random(f"{run_seed()}:{test_name}")
