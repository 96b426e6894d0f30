"""No more requests in any second than the vendor takes, of all together and of each endpoint."""

from __future__ import annotations

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


def most_in_a_second(times: list[int]) -> int:
    return max((sum(start <= t < start + 1000 for t in times) for start in times), default=0)


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
