"""Decides when a run saves and when it ends, and makes its processes do so together.

One process leads: the one whose node announces boundaries (a trainer), else the first.  It asks
the others over the hidden topic ``_run``; they answer there when their nodes are saved.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import String

from dnne_ros.checkpoints.checkpoint_store import CONTRACT, CheckpointStore
from dnne_ros.checkpoints.policy_interface import merge_statements
from dnne_ros.errors import InputError
from dnne_ros.node_api.checkpoint_trigger import CheckpointTrigger
from dnne_ros.options.run_settings import RunSettings

if TYPE_CHECKING:
    from dnne_ros.node_api.state import NodeState
    from dnne_ros.runtime.coordination.status import StatusChannel
    from dnne_ros.runtime.node_host import NodeHost

TOPIC = "_run"
_QOS = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=10,
                  reliability=ReliabilityPolicy.RELIABLE,
                  durability=DurabilityPolicy.TRANSIENT_LOCAL)  # processes start in any order
_SAVE_TIMEOUT = 30.0
_BOUNDARY_GRACE = 1.0
"""Seconds that a stop waits for the next boundary, where all states fit together."""

_FLUSH = Duration(seconds=0.5)

BEST_FOLDER = "best"


class RunBoundary:
    """See `dnne_ros.node_api.node.Boundary`."""

    def __init__(self, control: RunControl, save: bool, best: bool, end: str | None):
        """Save and then end the run with reason ``end``, as far as they are asked for."""
        self.saves = save or best
        self._save = save
        self._best = best
        self._end = end
        self._control = control

    async def reached(self) -> None:
        """Write what is due; never returns when the run ends here."""
        if self._best:
            await self._control.save(aligned=True, folder=BEST_FOLDER)
        if self._save:
            await self._control.save(aligned=True)
        if self._end is not None:
            self._control.end(self._end)
            await asyncio.Event().wait()


class RunControl:
    """The run's state in one process."""

    def __init__(self, settings: RunSettings, process: str, peers: list[str], leads: bool,
                 status: StatusChannel, node_types: Mapping[str, str],
                 save_nodes: Callable[[bool], Awaitable[dict[str, NodeState]]],
                 statements: Callable[[], list[dict[str, Any]]]):
        """Control ``process``; ``save_nodes(aligned)`` returns the states of its nodes by id.

        ``statements()`` returns what each of its nodes has to say for the contract.
        ``peers`` are the names of the other processes; ``node_types`` the types of all nodes.
        """
        self.ended: asyncio.Event = asyncio.Event()
        self.reason = ""
        self.save_failed = ""
        self.leads = leads
        self._settings = settings
        self._process = process
        self._peers = peers
        self._status = status
        self._node_types = node_types
        self._save_nodes = save_nodes
        self._statements = statements
        self._metrics: dict[str, Any] = {}
        self._stop_wanted: str | None = None
        self._sees_boundaries = False
        self._saving = asyncio.Lock()
        self._answers: dict[str, dict[str, Any]] = {}
        self._awaited: tuple[str, int] = ("", -1)
        self._answered: asyncio.Event = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._publisher: Any = None
        self._own_saved: set[str] = set()
        self._warned_of_trigger = False
        self._triggers: list[CheckpointTrigger] = []

    def connect(self, host: NodeHost) -> None:
        """Talk to the other processes through the node ``host``."""
        if self._peers:
            self._publisher = host.create_publisher(String, TOPIC, _QOS)
            host.create_subscription(String, TOPIC, self._on_message, _QOS)

    def report(self, metrics: Mapping[str, Any]) -> None:
        """Pass a node's metrics on to the supervisor."""
        self._metrics.update(metrics)
        self._status.send("progress", metrics=dict(metrics))

    def save_when(self, trigger: CheckpointTrigger) -> None:
        """Ask ``trigger``, too, at each boundary."""
        self._triggers.append(trigger)

    def boundary(self, epoch: int, metric: float | None,
                 trigger: CheckpointTrigger | None = None, ends: str | None = None
                 ) -> RunBoundary:
        """Decide what happens at a boundary: save, end the run, both or nothing."""
        self._sees_boundaries = True
        end = self._stop_wanted or ends
        target = self._settings.until_return
        if end is None and target is not None and metric is not None and metric >= target:
            end = "until_return"
        can_save = self._settings.save_checkpoint_dir is not None and not self._settings.inference
        triggers = [*self._triggers, *([] if trigger is None else [trigger])]
        if triggers and not can_save and not self._warned_of_trigger:
            self._warned_of_trigger = True
            self._status.send("warning", message="checkpoint_enabled is set, but no "
                              "--save-checkpoint-dir: nothing is saved")
        due = [trigger.keeps_best for trigger in triggers
               if can_save and trigger.due(epoch, metric)]
        return RunBoundary(self, save=False in due or (can_save and end is not None),
                           best=True in due, end=end)

    async def stop(self, reason: str) -> None:
        """End the run in good order: at the next boundary if one comes soon, saving first."""
        if self._stop_wanted is not None:
            return
        self._stop_wanted = reason
        if not self.leads:
            # The leader saves and then tells everybody; a leader that is gone cannot.
            await self._wait_ended(_BOUNDARY_GRACE + 0.5)
        elif self._settings.save_checkpoint_dir is not None and not self._settings.inference:
            if self._sees_boundaries:
                await self._wait_ended(_BOUNDARY_GRACE)
            if not self.ended.is_set():
                await self.save(aligned=False)
        self.end(reason)

    def end(self, reason: str) -> None:
        """End the run now, here and in the other processes."""
        if self.ended.is_set():
            return
        self.reason = reason
        self.ended.set()
        self._say({"say": "over", "reason": reason})

    def flush(self) -> None:
        """Wait until the other processes have what was said last; then this one may leave."""
        if self._publisher is not None:
            self._publisher.wait_for_all_acked(_FLUSH)

    async def _wait_ended(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.ended.wait(), seconds)
        except asyncio.TimeoutError:
            return

    async def save(self, *, aligned: bool, folder: str = "") -> None:
        """Write a checkpoint of all processes; a failure is noted, and the run goes on.

        One at a time: a stop may want its own while a boundary's is still being written.
        """
        async with self._saving:
            await self._save(aligned, folder)

    async def _save(self, aligned: bool, folder: str) -> None:
        store = self._store(folder)
        try:
            store.prepare()
            generation = store.next_generation()
            self._answers.clear()
            self._awaited = (folder, generation)  # a late answer to an earlier one is none to this
            self._say({"say": "save", "generation": generation, "aligned": aligned,
                       "folder": folder})
            await self._write(store, generation, aligned)
            await asyncio.wait_for(self._all_answered(), _SAVE_TIMEOUT)
            failed = {p: a["error"] for p, a in self._answers.items() if a.get("error")}
            if failed:
                raise OSError("; ".join(f"{p}: {e}" for p, e in failed.items()))
            saved = {node for answer in self._answers.values() for node in answer["nodes"]}
            saved.update(self._own_saved)
            store.commit(generation, {node: type for node, type in self._node_types.items()
                                      if node in saved},
                         {"aligned": aligned, "seed": self._settings.seed,
                          "metrics": self._metrics}, self._contract())
            self.save_failed = ""
            self._status.send("saved", directory=str(store.directory))
        except asyncio.TimeoutError:
            missing = ", ".join(sorted(set(self._peers) - set(self._answers)))
            self._note_failure(f"checkpoint not written: no answer from {missing}")
        except (OSError, InputError) as error:
            self._note_failure(f"checkpoint not written to {store.directory}: {error}")

    def _contract(self) -> dict[str, Any]:
        statements = self._statements()
        for answer in self._answers.values():
            statements += answer["statements"]
        try:
            return merge_statements(statements)
        except ValueError as error:
            self._status.send("warning", message=f"{CONTRACT} not written: {error}")
            return {}

    def _note_failure(self, message: str) -> None:
        self.save_failed = message
        self._status.send("warning", message=message)

    def _store(self, folder: str) -> CheckpointStore:
        store = CheckpointStore(self._settings.save_checkpoint_dir or "")
        return CheckpointStore(store.directory / folder) if folder else store

    async def _write(self, store: CheckpointStore, generation: int, aligned: bool) -> None:
        states = await self._save_nodes(aligned)
        for node, state in states.items():
            store.write_node(generation, node, state)
        self._own_saved = set(states)

    async def _all_answered(self) -> None:
        while set(self._peers) - set(self._answers):
            self._answered.clear()
            await self._answered.wait()

    def _say(self, message: dict[str, Any]) -> None:
        if self._publisher is not None:
            self._publisher.publish(String(data=json.dumps({
                "run": self._settings.run_id, "process": self._process, **message})))

    def _on_message(self, message: String) -> None:
        try:
            content = json.loads(message.data)
            sender, said = content["process"], content["say"]
            if content["run"] != self._settings.run_id or sender not in self._peers:
                return
            if said == "over":
                self.reason = str(content["reason"])
                self.ended.set()
            elif said == "saved" and (content["folder"], content["generation"]) == self._awaited:
                self._answers[sender] = {"nodes": list(content["nodes"]),
                                         "statements": list(content["statements"]),
                                         "error": content.get("error")}
                self._answered.set()
            elif said == "save" and content["folder"] in ("", BEST_FOLDER):
                task = asyncio.get_running_loop().create_task(self._answer_save(
                    content["folder"], int(content["generation"]), bool(content["aligned"])))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        except (ValueError, KeyError, TypeError, RecursionError) as error:  # anybody may publish
            self._status.send("warning", message=f"a message on {TOPIC} means nothing: {error!r}")

    async def _answer_save(self, folder: str, generation: int, aligned: bool) -> None:
        answer: dict[str, Any] = {
            "say": "saved", "folder": folder, "generation": generation, "nodes": [],
            "statements": self._statements()}
        try:
            await self._write(self._store(folder), generation, aligned)
            answer["nodes"] = sorted(self._own_saved)
        except OSError as error:
            answer["error"] = str(error)
        self._say(answer)
