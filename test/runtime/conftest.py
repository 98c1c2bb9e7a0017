"""Time that passes only when nothing else is to be done, for what waits, gives up and watches."""

import asyncio
import selectors

import pytest


class _JumpingSelector(selectors.DefaultSelector):
    """Lets a wait of an event loop end at once, at the time at which it would have ended."""

    def __init__(self):
        super().__init__()
        self.now = 1000.0

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise AssertionError("everybody waits, and nothing is left that could happen")
            self.now += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop in which waiting takes no time."""

    def __init__(self):
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self):
        return self._jumping.now


@pytest.fixture
def virtual_loop():
    """Return a loop of its own time; ``virtual_loop.time`` is a clock."""
    loop = VirtualTimeLoop()
    yield loop
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


@pytest.fixture
def run_virtual(virtual_loop):
    """Run a coroutine to its end in virtual time."""
    return virtual_loop.run_until_complete
