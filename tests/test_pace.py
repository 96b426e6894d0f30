"""No more requests in any second or minute than the vendor takes, of all together and of each endpoint."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from hypothesis import example, given
from hypothesis import strategies as st

from connector.pace import Pace


class Watch:
    """A clock that only sleeping and `pass_time` move."""

    def __init__(self) -> None:
        self.now_ms = 5_000

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now_ms += max(1, round(seconds * 1000))


def most_in_a_second(times: list[int], seconds: int = 1) -> int:
    return max((sum(start <= t < start + 1000 * seconds for t in times) for start in times), default=0)


@example([(0, "refunds"), (0, "refunds"), (0, "charges"), (0, "events")], 2, 1)
@given(
    st.lists(st.tuples(st.integers(0, 300), st.sampled_from(["refunds", "charges", "events"])), max_size=120),
    st.integers(1, 12),
    st.integers(1, 12),
)
def test_the_rates_hold_in_every_second(asked: list[tuple[int, str]], whole: int, each: int) -> None:
    watch = Watch()
    pace = Pace(whole, each, lambda: watch.now_ms, watch.sleep)
    sent: list[tuple[int, str]] = []
    for pause_ms, name in asked:
        watch.now_ms += pause_ms
        pace.wait(name)
        sent.append((watch.now_ms, name))
    assert most_in_a_second([t for t, _ in sent]) <= whole
    for endpoint in {name for _, name in sent}:
        assert most_in_a_second([t for t, name in sent if name == endpoint]) <= each


def test_a_few_requests_do_not_wait() -> None:
    watch = Watch()
    pace = Pace(20, 20, lambda: watch.now_ms, watch.sleep)
    for _ in range(20):
        pace.wait("refunds")
    assert watch.now_ms == 5_000
    pace.wait("refunds")
    assert watch.now_ms >= 6_000


@example([0] * 40, 20, 2)
@given(st.lists(st.integers(0, 400), max_size=80), st.integers(5, 30), st.integers(1, 4))
def test_several_rates_hold_at_once(pauses_ms: list[int], a_minute: int, a_second: int) -> None:
    watch = Watch()
    pace = Pace(((a_minute, 60_000), (a_second, 1_000)), None, lambda: watch.now_ms, watch.sleep)
    sent: list[int] = []
    for pause_ms in pauses_ms:
        watch.now_ms += pause_ms
        pace.wait("")
        sent.append(watch.now_ms)
    assert most_in_a_second(sent, 60) <= a_minute
    assert most_in_a_second(sent) <= a_second


def test_threads_share_the_rates() -> None:
    """Each thread that may go was counted, whatever the others did meanwhile."""
    watch = Watch()
    pace = Pace(((30, 60_000), (10, 1_000)), None, lambda: 5_000, watch.sleep)
    counted: list[int] = []
    take = pace.take

    def noting(name: str, at_ms: int) -> int:
        wait_ms = take(name, at_ms)
        if wait_ms == 0:
            counted.append(pace.last_ms)
        return wait_ms

    pace.take = noting  # type: ignore[method-assign]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(pace.wait, ["a"] * 80))
    assert len(counted) == 80
    assert sum(one - 5_000 < 60_000 for one in sorted(counted)) <= 30


def test_what_sleeping_raises_ends_the_wait() -> None:
    def stop(seconds: float) -> None:
        raise InterruptedError

    pace = Pace(1, None, lambda: 5_000, stop)
    pace.wait("")
    try:
        pace.wait("")
    except InterruptedError:
        return
    raise AssertionError("it did not wait")
