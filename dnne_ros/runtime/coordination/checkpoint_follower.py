"""The side of the other processes in a checkpoint: they write their part when they are asked."""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from dnne_ros.errors import DnneError
from dnne_ros.runtime.coordination.checkpoint_part import (
    SAVE_SECONDS,
    CheckpointPart,
    Written,
    ended_within,
)
from dnne_ros.runtime.coordination.save_messages import (
    SaveAnswer,
    SaveRequest,
    SaveResult,
    SaveWish,
)
from dnne_ros.runtime.coordination.unawaited import Unawaited

_WISH_SECONDS = 3 * SAVE_SECONDS  # the leader may have another one to write first
_REMEMBERED = 100


class CheckpointFollower:
    """Writes its part of checkpoints; one that is wanted here, it asks the leader for."""

    def __init__(self, part: CheckpointPart, leader: str, say: Callable[..., None]):
        """Write ``part`` when ``leader`` asks; ``say(kind, **content)`` tells the others."""
        self._part = part
        self._leader = leader
        self._say = say
        self._turn = asyncio.Lock()
        self._asked: deque[str] = deque(maxlen=_REMEMBERED)
        self._wishes: dict[str, asyncio.Future[bool]] = {}
        self._answers = Unawaited()

    async def save(self, *, aligned: bool, folder: str = "") -> bool:
        """Have the leader write a checkpoint and tell whether it is there.

        What goes wrong the leader notes and tells.  If two processes were to write at once, they
        would mix their files.
        """
        wish = SaveWish(uuid.uuid4().hex, folder, aligned)
        result = self._wishes[wish.id] = asyncio.get_running_loop().create_future()
        self._say("save_wish", **asdict(wish))
        try:
            return await ended_within(_WISH_SECONDS, result) and result.result()
        finally:
            del self._wishes[wish.id]

    def on_message(self, sender: str, content: Mapping[str, Any]) -> None:
        """Take what the leader says of checkpoints.

        Raises KeyError, TypeError or ValueError for what means nothing.
        """
        if sender != self._leader:
            return
        if content["say"] == "save":
            request = SaveRequest.read(content)
            if request.id not in self._asked:  # it may be told again after an interruption
                self._asked.append(request.id)
                self._answers.start(self._answer(request))
        elif content["say"] == "save_result":
            result = SaveResult.read(content)
            wish = self._wishes.get(result.id)
            if wish is not None and not wish.done():
                wish.set_result(result.written)

    async def _answer(self, request: SaveRequest) -> None:
        written = Written([], {})
        error = ""
        async with self._turn:
            try:
                if self._is_over(request):
                    return
                written = await self._part.write(request)
            except (OSError, DnneError) as failure:
                error = str(failure)
        self._say("saved", **asdict(SaveAnswer(
            request.id, written.nodes, dict(written.files), self._part.statements(), error)))

    def _is_over(self, request: SaveRequest) -> bool:
        """Tell whether it is about a checkpoint that counts already: its files must not change.

        A late joiner hears of old requests, too.
        """
        return self._part.store(request.folder).generation() >= request.generation
