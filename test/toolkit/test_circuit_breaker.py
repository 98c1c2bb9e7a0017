"""Leaving a failing service alone."""

import asyncio
from types import SimpleNamespace

import pytest

from dnne_ros.toolkit import circuit_breaker
from dnne_ros.toolkit.circuit_breaker import Circuit, CircuitBreaker, CircuitOpen


class Service:
    """Fails while it is down, and counts calls."""

    def __init__(self):
        self.down = True
        self.calls = 0

    async def __call__(self, word="answer"):
        self.calls += 1
        await asyncio.sleep(0)
        if self.down:
            raise OSError("down")
        return word


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves."""
    now = [100.0]
    loop = SimpleNamespace(time=lambda: now[0])
    monkeypatch.setattr(circuit_breaker, "asyncio", SimpleNamespace(get_running_loop=lambda: loop))
    return now


def test_it_opens_rests_tries_and_closes(run_async, clock):
    changes = []
    service = Service()
    breaker = CircuitBreaker(failures=3, rest=10.0, on_change=changes.append)

    async def main():
        for _ in range(3):
            with pytest.raises(OSError):
                await breaker(service)
        assert breaker.state is Circuit.OPEN
        with pytest.raises(CircuitOpen, match="refused for another 10 s"):
            await breaker(service)
        assert service.calls == 3
        clock[0] += 10.0
        with pytest.raises(OSError):  # the one call that finds out
            await breaker(service)
        with pytest.raises(CircuitOpen):
            await breaker(service)
        clock[0] += 10.0
        service.down = False
        first = asyncio.ensure_future(breaker(service, word="back"))
        await asyncio.sleep(0)
        with pytest.raises(CircuitOpen):  # only one finds out
            await breaker(service)
        assert await first == "back"
        assert await breaker(service) == "answer"

    real = asyncio.new_event_loop()  # with a clock of its own: the breaker's stands still
    real.time = iter(range(1_000_000)).__next__
    try:
        real.run_until_complete(main())
    finally:
        real.close()
    assert changes == [Circuit.OPEN, Circuit.HALF_OPEN, Circuit.OPEN, Circuit.HALF_OPEN,
                       Circuit.CLOSED]


def test_only_failures_in_a_row_count_and_only_those_of_the_service(run_async):
    service = Service()
    breaker = CircuitBreaker(failures=2)

    async def bug():
        raise ValueError("a bug")

    async def main():
        for _ in range(5):
            service.down = True
            with pytest.raises(OSError):
                await breaker(service)
            with pytest.raises(ValueError):
                await breaker(bug)
            service.down = False
            await breaker(service)
        assert breaker.state is Circuit.CLOSED

    run_async(main())


def test_a_cancelled_try_leaves_it_open(run_async):
    breaker = CircuitBreaker(failures=1, rest=0.0)

    async def main():
        with pytest.raises(OSError):
            await breaker(Service())
        trying = asyncio.ensure_future(breaker(asyncio.Event().wait))
        await asyncio.sleep(0)
        assert breaker.state is Circuit.HALF_OPEN
        trying.cancel()
        await asyncio.gather(trying, return_exceptions=True)
        assert breaker.state is Circuit.OPEN
        service = Service()
        service.down = False
        assert await breaker(service) == "answer"

    run_async(main())
