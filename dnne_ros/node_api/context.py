"""What the run time gives to a node."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from dnne_ros.node_api.answering import AnswerItems
    from dnne_ros.node_api.checkpoint_trigger import CheckpointTrigger
    from dnne_ros.node_api.clock import Clock, SteadyClock
    from dnne_ros.node_api.health import Health
    from dnne_ros.node_api.ros_actions import RosActions
    from dnne_ros.node_api.ros_frames import RosFrames
    from dnne_ros.node_api.ros_services import RosServices
    from dnne_ros.node_api.ros_topics import RosTopics
    from dnne_ros.node_api.supply import Supply
    from dnne_ros.node_api.video import Video


class Log(Protocol):
    """Where a node's messages go: the ROS logger of its name."""

    def info(self, message: str) -> Any:
        """Say what is as it should be."""
        ...

    def warning(self, message: str) -> Any:
        """Say what somebody should look at."""
        ...

    def error(self, message: str) -> Any:
        """Say what went wrong."""
        ...


class Boundary(Protocol):
    """A moment at which the whole graph stands still, so a checkpoint of it fits together."""

    @property
    def saves(self) -> bool:
        """Tell whether a checkpoint will be written when `reached` is awaited."""
        ...

    def reached(self) -> Awaitable[None]:
        """Write the checkpoint if one is due; never returns when the run ends here."""
        ...


class NodeContext(Protocol):
    """What the run time offers to one node."""

    @property
    def name(self) -> str:
        """The node's ROS name, ``/cartpole_ppo/ppo_agent_3``."""
        ...

    @property
    def node_id(self) -> str:
        """The node's id in the workflow."""
        ...

    @property
    def title(self) -> str:
        """The node's title in the workflow."""
        ...

    @property
    def seed(self) -> int:
        """The run's seed; see `dnne_ros.node_seed` for one of the node's own."""
        ...

    @property
    def inference(self) -> bool:
        """Weights are frozen and simulators keep real time."""
        ...

    @property
    def new_episodes(self) -> bool:
        """Simulators begin anew, whatever a checkpoint says of their state."""
        ...

    @property
    def paused(self) -> bool:
        """The run stands still, as somebody wants it to."""
        ...

    @property
    def strict_runtime(self) -> bool:
        """A runtime for policies that is missing is an error, also where another would do."""
        ...

    @property
    def video(self) -> Video | None:
        """What is to be filmed of the simulated environments; None: nothing."""
        ...

    @property
    def log(self) -> Log:
        """Where the node's messages go."""
        ...

    @property
    def health(self) -> Health:
        """What ``/diagnostics`` says of the node."""
        ...

    @property
    def topics(self) -> RosTopics:
        """Topics of the node's own, beside its ports."""
        ...

    @property
    def services(self) -> RosServices:
        """Services that the node calls and offers."""
        ...

    @property
    def actions(self) -> RosActions:
        """Actions that the node calls and offers."""
        ...

    @property
    def frames(self) -> RosFrames:
        """Coordinate frames, as tf2 knows them."""
        ...

    @property
    def clock(self) -> Clock:
        """Time to keep a rate by: the machine's, or simulated time under ``use_sim_time``."""
        ...

    @property
    def steady(self) -> SteadyClock:
        """The machine's time, also under ``use_sim_time``: to measure silence by."""
        ...

    def is_linked(self, port: str) -> bool:
        """Tell whether an input has a source, or an output a consumer, in the graph.

        An external input always has one: some topic.
        """
        ...

    def trainers(self, output: str) -> int:
        """Return how many consumers of a MODEL output train it."""
        ...

    def get(self, port: str, timeout: float | None) -> Awaitable[Any]:
        """Wait for the next item of an input; TimeoutError after ``timeout`` seconds."""
        ...

    def get_batch(self, port: str, max_items: int, timeout: float | None
                  ) -> Awaitable[list[Any]]:
        """Wait for ``max_items`` items of an input, or those of ``timeout`` seconds."""
        ...

    def put(self, port: str, value: Any, timeout: float | None = None) -> Awaitable[None]:
        """Hand a value to every consumer of an output; waits while a lossless edge is full.

        TimeoutError, with nothing handed over, after ``timeout`` seconds.
        """
        ...

    def together(self) -> AbstractContextManager[None]:
        """Let what is put within a ``with`` block travel in one packet to each other process."""
        ...

    def has_room(self, ports: Sequence[str]) -> bool:
        """Tell whether `put_now` may be called: none of these outputs makes its sender wait.

        False while somebody watches the node's deadlines, to whom `put` says more.
        """
        ...

    def put_now(self, port: str, value: Any) -> None:
        """Do as `put` where it need not wait: in what the event loop calls, as a subscription.

        RuntimeError, with nothing handed over, for an output without `has_room`.
        """
        ...

    def put_round(self, values: Mapping[str, Any]) -> None:
        """Do as `put_now` with values of several ports that belong together, in their order."""
        ...

    def giving(self, ports: Sequence[str]) -> AbstractContextManager[None]:
        """Let all that answers what these outputs give be called by `put_round`, in one go.

        To be entered while the node runs, by one that gives what is brought from outside.
        """
        ...

    def answering(self, ports: Sequence[str], answer: AnswerItems,
                  ready: Callable[[], bool] | None = None) -> AbstractContextManager[None]:
        """Let ``answer`` be called by what brings the last item of a round, while that is legal.

        See `dnne_ros.node_api.answering.answer_items`, which does it otherwise.  ``ready()``
        tells whether the next round takes no more than that; where not, the node does it itself.
        """
        ...

    def supplying(self, ports: Sequence[str], values: Iterable[Any]
                  ) -> AbstractContextManager[Supply]:
        """Let ``values`` be taken for these outputs by what gives them on, while that is legal.

        See `dnne_ros.node_api.supply.give_items`, which gives what it takes of it itself.
        """
        ...

    def delivered(self, port: str) -> int:
        """Return how many items of an output all consumers had before its process's restart."""
        ...

    def report(self, metrics: Mapping[str, Any]) -> None:
        """Tell the run's progress display and report."""
        ...

    def still_setting_up(self) -> None:
        """Tell the other processes that `setup` is still at work, every few seconds.

        They then wait for this one for longer than ``--peer-timeout``.
        """
        ...

    def boundary(self, epoch: int, metric: float | None,
                 trigger: CheckpointTrigger | None = None, ends: str | None = None,
                 loss: float | None = None) -> Boundary:
        """Announce a `Boundary` after ``epoch``; its ``trigger`` says when to save.

        ``metric`` is the score, of which more is better; ``loss`` what is to become smaller.
        ``ends``: the run ends there, as done, with this one word for the report.
        """
        ...

    def save_when(self, trigger: CheckpointTrigger) -> None:
        """Let ``trigger`` say, too, at which boundaries to save, whichever node announces them."""
        ...

    def finish(self, reason: str) -> Awaitable[None]:
        """End the whole run in good order, as done; ``reason`` is one word for the report."""
        ...
