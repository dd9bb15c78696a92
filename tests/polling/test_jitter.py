"""Replicas that start together do not march in step."""

from collections import Counter
from random import Random
from typing import Final

import pytest

from service.core.reading import Policy
from tests.fakes import Canned
from tests.polling.house import Timed, fake_time, refused, replica, until, watchful_loop

pytestmark = fake_time
REPLICAS: Final = 20
TEN_MINUTES: Final = 600.0
MINUTE: Final = 60.0


@pytest.mark.parametrize(("result", "what"), [(["m1"], "well"), (refused, "down")])
async def test_twenty_replicas_that_start_together_have_spread_out_after_ten_minutes(
    result: Canned, what: str
) -> None:
    """Of a server that is well, and of one that is down: the very ones that would stampede it.

    At an interval of 5 s twenty in step would be a peak of five times the mean. The longer the
    interval, the less does a single second say: chance alone puts five of twenty into one.
    """
    policy = Policy(interval=5.0, backoff_cap=10.0)
    upstream = Timed(result)
    async with watchful_loop():
        loops = [replica(upstream, policy=policy, rng=Random(seed)) for seed in range(REPLICAS)]
        await until(TEN_MINUTES + MINUTE)
        for loop in loops:
            loop.cancel()
    seconds = Counter(int(when) for when in upstream.asked if when >= TEN_MINUTES)
    mean = sum(seconds.values()) / MINUTE
    assert mean > 3.0
    assert max(seconds.values()) <= 3 * mean


async def test_at_the_default_interval_no_part_of_it_is_the_one_that_all_prefer() -> None:
    """Ten minutes folded onto one interval: in step, all would lie in one second of fifteen."""
    upstream = Timed(["m1"])
    async with watchful_loop():
        loops = [replica(upstream, policy=Policy(), rng=Random(seed)) for seed in range(REPLICAS)]
        await until(2 * TEN_MINUTES)
        for loop in loops:
            loop.cancel()
    phases = Counter(int(when % 15.0) for when in upstream.asked if when >= TEN_MINUTES)
    assert max(phases.values()) <= 3 * sum(phases.values()) / 15
