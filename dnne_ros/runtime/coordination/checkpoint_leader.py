"""The leader's side of a checkpoint that several processes write together.

It asks the others, writes the states of its own nodes, and makes the files of all the checkpoint
that counts when everybody has answered.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from dnne_ros.checkpoints.checkpoint_store import CheckpointStore
from dnne_ros.checkpoints.policy_interface import merge_statements
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

if TYPE_CHECKING:
    from dnne_ros.runtime.coordination.status import StatusChannel


@dataclass
class _Pending:
    """A checkpoint that is being written."""

    id: str
    missing: set[str]
    answers: dict[str, SaveAnswer] = field(default_factory=dict)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def settle(self, process: str, answer: SaveAnswer) -> None:
        """Take the answer of a process that was missing."""
        if process in self.missing:
            self.missing.discard(process)
            self.answers[process] = answer
            if not self.missing:
                self.done.set()


class CheckpointLeader:
    """Has checkpoints written, one at a time."""

    def __init__(self, part: CheckpointPart, others: Sequence[str],
                 node_types: Mapping[str, str], about: Callable[[], Mapping[str, Any]],
                 say: Callable[..., None], status: StatusChannel):
        """Write ``part`` here and have ``others`` write theirs.

        ``node_types`` are the types of all nodes of the graph that keep a state, by id,
        ``about()`` what else the manifest says, ``say(kind, **content)`` tells the others.
        """
        self.failure = ""
        """Why the checkpoint that was due last is not there; "" if it is, or none was due."""
        self.written = False
        """Whether the run has written any."""
        self._part = part
        self._others = others
        self._node_types = node_types
        self._about = about
        self._say = say
        self._status = status
        self._turn = asyncio.Lock()
        self._pending: _Pending | None = None
        self._generation = 0
        self._wishes = Unawaited()

    async def save(self, *, aligned: bool, folder: str = "",
                   unless: Callable[[], bool] = lambda: False) -> bool:
        """Write a checkpoint of all processes and tell whether it is there.

        A failure is noted, and the run goes on.  One at a time: a stop may want its own while
        that of a boundary is still being written.  ``unless()`` is asked when it is its turn.
        """
        async with self._turn:
            return not unless() and await self._save(aligned, folder)

    async def idle(self) -> None:
        """Wait until nothing is being written."""
        async with self._turn:
            pass

    def lose(self, process: str) -> None:
        """Note that ``process`` leaves: what it has not answered, it will not."""
        if self._pending is not None:
            self._pending.settle(process, SaveAnswer(self._pending.id, [], {}, [], "it has left"))

    def note_failure(self, reason: str, folder: str = "") -> None:
        """Note why a checkpoint that was due is not there, and say so."""
        self.failure = f"checkpoint not written to {self._part.store(folder).directory}: {reason}"
        self._status.send("not_saved", reason=reason)
        self._status.send("warning", message=self.failure)

    def on_message(self, sender: str, content: Mapping[str, Any]) -> None:
        """Take what another process says of checkpoints.

        Raises KeyError, TypeError or ValueError for what means nothing.
        """
        if content["say"] == "saved":
            answer = SaveAnswer.read(content)
            if self._pending is not None and answer.id == self._pending.id:
                self._pending.settle(sender, answer)  # else it is late, and for another one
        elif content["say"] == "save_wish":
            self._wishes.start(self._fulfil(SaveWish.read(content)))

    async def _fulfil(self, wish: SaveWish) -> None:
        written = await self.save(aligned=wish.aligned, folder=wish.folder)
        self._say("save_result", **asdict(SaveResult(wish.id, written)))

    async def _save(self, aligned: bool, folder: str) -> bool:
        store = self._part.store(folder)
        self._status.send("saving")
        try:
            store.prepare()
            await self._write_all(store, self._request(store, aligned, folder))
        except (OSError, DnneError) as error:
            self.note_failure(str(error), folder)
            return False
        finally:
            self._pending = None
        self.failure = ""
        self.written = True
        self._status.send("saved", directory=str(store.directory))
        return True

    def _request(self, store: CheckpointStore, aligned: bool, folder: str) -> SaveRequest:
        # Another number for each try: what a late process still writes for a failed one is not
        # taken for its part of the next.
        self._generation = max(self._generation + 1, store.next_generation())
        return SaveRequest(uuid.uuid4().hex, folder, self._generation, aligned)

    async def _write_all(self, store: CheckpointStore, request: SaveRequest) -> None:
        """Let all write, then make it count; OSError or `DnneError` if that cannot be."""
        try:
            own, answers = await self._collect(request)
            self._check_complete([*own.nodes, *(node for each in answers for node in each.nodes)])
            files = dict(own.files)
            for answer in answers:
                files.update(answer.files)
            if lacking := store.lacking(files):
                raise DnneError(f"{', '.join(lacking)}: written by another process and not to be "
                                "seen here; on several hosts it must be a folder that all share")
            store.commit(
                request.generation, self._node_types, files,
                {"aligned": request.aligned, **self._about()},
                self._merged([*self._part.statements(),
                              *(each for answer in answers for each in answer.statements)]))
        except BaseException:
            store.discard(request.generation)
            raise

    def _check_complete(self, saved: Sequence[str]) -> None:
        """Refuse a checkpoint that could not be gone on from: a policy may be what it lacks."""
        missing = [f"{node} ({kind})" for node, kind in self._node_types.items()
                   if node not in saved]
        if missing:
            raise DnneError(f"nothing to save yet of node{'s' * (len(missing) > 1)} "
                            f"{', '.join(missing)}")
        if not self._node_types:
            raise DnneError("no node of this graph keeps a state")

    async def _collect(self, request: SaveRequest) -> tuple[Written, list[SaveAnswer]]:
        """Return what is written here, and what the others answer."""
        pending = self._pending = _Pending(request.id, set(self._others))
        self._say("save", **asdict(request))
        own = await self._part.write(request)
        if pending.missing:
            await ended_within(SAVE_SECONDS, pending.done.wait())
        answers = sorted(pending.answers.items())
        problems = [f"no answer from {process}" for process in sorted(pending.missing)]
        problems += [f"{process}: {answer.error}" for process, answer in answers if answer.error]
        if problems:
            raise DnneError("; ".join(problems))
        return own, [answer for _, answer in answers]

    def _merged(self, statements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        try:
            return merge_statements(statements)
        except ValueError as error:
            self._status.send("warning", message=f"the policy interface is not written: {error}")
            return {}
