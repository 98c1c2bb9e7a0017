"""Rest for a source that nothing holds up."""

from __future__ import annotations

import asyncio

_ITEMS = 64
_SECONDS = 0.02


class Breath:
    """Lets a source rest for 20 ms after every 64 items.

    A consumer that takes every item sets the pace, and finds enough on its edge meanwhile.  One
    that takes the newest only never makes anybody wait: without a rest, a source that has always
    something to give would keep a core busy for it.
    """

    def __init__(self) -> None:
        """Begin with a full breath."""
        self._left = _ITEMS

    async def after_item(self) -> None:
        """Rest if it is time to."""
        self._left -= 1
        if not self._left:
            self._left = _ITEMS
            await asyncio.sleep(_SECONDS)
