"""The base of every node type."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from dnne_ros.errors import InputError
from dnne_ros.node_api.answering import Computed, feed_compute
from dnne_ros.node_api.blocking import BlockingCalls
from dnne_ros.node_api.inline import Inline
from dnne_ros.node_api.keyed_states import KeyedStates, with_state
from dnne_ros.node_api.ports import Input, Output, Ports
from dnne_ros.node_api.ros_facts import RosFacts
from dnne_ros.node_api.stateful import Stateful
from dnne_ros.node_api.widget import Widget

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from dnne_ros.node_api.context import NodeContext

T = TypeVar("T")


class Node(Stateful, RosFacts):
    """A node type.  Subclasses declare ports and widgets as class attributes and a behaviour.

    Three phases: ``__init__`` takes values only; `setup` imports what is heavy and picks
    devices; then `process` runs as a coroutine.  Most types write `compute`, which is given all
    linked inputs and returns the outputs; `process` is for those that need the queues.
    A value that was sent belongs to its receivers too: never write to it afterwards.
    """

    type_name: ClassVar[str] = ""
    """The type in workflow files; the class's own name unless set."""
    aliases: ClassVar[tuple[str, ...]] = ()
    """Further names in workflow files.  With or without the ending ``Node`` is understood."""
    superseded_by: ClassVar[str] = ""
    """The type that new graphs take instead.  Files that name this one go on as they are, with
    its own name on their topics; lists of node types leave it out."""
    namesake_of: ClassVar[str] = ""
    """The type that this one's name means in most files; which one a node is follows from the
    ports and widgets that its file gives it."""
    category: ClassVar[str] = "other"
    retired_widgets: ClassVar[tuple[str, ...]] = ("telemetry_level",)
    """Widgets of other versions of the type, whose values in workflow files mean nothing here."""
    foreign_widgets: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Aliases under which another program saves a node with widgets of its own: such a node has
    none of this type's, and the named ones mean nothing here."""
    outputs_with: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Where files of the API format count other outputs, if a node has the input that is the key:
    the declared names of those, by slot."""
    fires_on_any: ClassVar[bool] = False
    """One linked input is enough to start it (a merge); a loop through it is legal if another
    of its inputs comes from outside the loop.  A type that does so under some values only says
    when it does not in `waits_for_all`."""
    needs_an_input: ClassVar[bool] = False
    """All inputs are optional, but at least one must be linked."""
    resumes: ClassVar[bool] = False
    """A source that, when its process is started again, goes on with item number
    ``context.delivered(output)`` (from 0): consumers skip what they have already.  What another
    node sends after a restart is new."""
    needs_policy_interface: ClassVar[bool] = False
    """It runs only with a trained policy whose ``contract.json`` fits what `policy_interface`
    says; a type of which that depends on its values says so in `needs_trained_policy`."""
    without_torch: ClassVar[bool] = False
    """It runs where torch is not installed: of tensors it knows what `dnne_ros.arrays` offers.  A
    type of which that depends on its values says so in `runs_without_torch`."""
    answers_items: ClassVar[bool] = False
    """Its `process` answers items, all or most of them, as `dnne_ros.answer_items` does: so it can
    be merged with others (`dnne-ros check --explain`).  A plain `compute` always is such."""
    gives_at_once: ClassVar[bool] = False
    """It gives what messages bring in the calls that bring them, as `RosSubscriber` does with
    ``context.giving``: so a merged round can begin with it."""
    gives_items: ClassVar[bool] = False
    """Its `process` does as `dnne_ros.give_items`: a merged round can begin with it."""
    inline: ClassVar[Inline | None] = None
    """What `compute` does, as expressions that compiled regions write into their function."""
    announces_boundaries: ClassVar[bool] = False
    """It calls ``context.boundary``; the process it lives in leads saving and stopping."""
    films: ClassVar[bool] = False
    """It steps simulated environments, and films one where ``context.video`` asks for it."""
    cannot_be_exported: ClassVar[str] = ""
    """Why no package can be made of a graph with such a node, and what to do instead."""
    own_process: ClassVar[bool] = False
    """It computes so much that it gets a process of its own wherever nobody says another; nodes
    that cannot be separated from it come along."""
    blocking_calls: ClassVar[int] = 1
    """How many calls of `run_blocking` may be in flight at a time."""

    inputs: ClassVar[Mapping[str, Input]] = {}
    outputs: ClassVar[Mapping[str, Output]] = {}
    widgets: ClassVar[Mapping[str, Widget]] = {}
    source_type: ClassVar[type[Node]]
    """The class as its module has it: itself, unless it is one of `type_with_ports`."""
    dead_ports: ClassVar[tuple[str, ...]] = ("context",)
    """Ports of older files that mean nothing any more; links to them are dropped."""

    awaits_trainer: str = ""
    """The MODEL output whose trainer it waits for, while it does: a word for people, where nothing
    moves."""

    context: NodeContext
    _blocking: BlockingCalls | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "type_name" not in cls.__dict__:
            cls.type_name = cls.__name__
        for own in ("superseded_by", "namesake_of"):
            if own not in cls.__dict__:
                setattr(cls, own, "")
        declared: dict[str, Any] = {}
        for base in reversed(cls.__mro__):
            declared.update(vars(base))
        cls.inputs = {v.name: v for v in declared.values() if isinstance(v, Input)}
        cls.outputs = {v.name: v for v in declared.values() if isinstance(v, Output)}
        cls.widgets = {k: v for k, v in declared.items() if isinstance(v, Widget)}
        cls.source_type = cls

    def __init__(self, values: Mapping[str, Any] | None = None):
        """Take the widgets' values; what is not given has its default."""
        self.values: dict[str, Any] = {
            name: widget.default for name, widget in self.widgets.items()}
        self.values.update(values or {})
        if (key := self.state_key()) is not None:
            self.keyed_states = KeyedStates(key)
            vars(self)["compute"] = with_state(self, self.compute)

    @classmethod
    def description(cls) -> str:
        """Return the first line of the type's documentation."""
        return (inspect.getdoc(cls) or "").partition("\n")[0]

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with ``values`` beyond each widget's own range; [] if nothing."""
        return []

    @classmethod
    def fixed_with(cls, values: Mapping[str, Any]) -> Mapping[str, str]:
        """Return which of its ``live`` widgets may not change with these ``values``, and why."""
        return {}

    @classmethod
    def ports_for(cls, values: Mapping[str, Any]) -> Ports:
        """Return the ports that a node with ``values`` has beside those of its type.

        For a type with a widget that `decides_ports`, whose ports a file names, say.  A graph asks
        when it is built, before anything runs, and once the values are legal; so it is the same
        each time, imports nothing heavy, and writes nothing.  `InputError` with all that stands
        in the way.
        """
        return Ports()

    @classmethod
    def values_for_links(cls, inputs: Sequence[str]) -> Mapping[str, Any]:
        """Return values of widgets that `decides_ports`, as a file's links to ``inputs`` ask.

        They count where neither the file nor the command line gives others.
        """
        return {}

    @classmethod
    def carried_files(cls, values: Mapping[str, Any]) -> Mapping[str, Sequence[Path]]:
        """Return which files an exported package takes along, by the ``file`` widget they are of.

        They are below the folder that it names, or beside or below the file.  Of a widget that is
        not named here, that is what it names: the file, or what is in the folder.
        """
        return {}

    @classmethod
    def required_imports(cls) -> tuple[str, ...]:
        """Return modules that must be installed where the node runs, ``("cv2",)``.

        An exported package declares them, beside those that are found in the type's source.
        """
        return ()

    @classmethod
    def needs_trained_policy(cls, values: Mapping[str, Any]) -> bool:
        """Tell whether it runs only with a trained policy: see `needs_policy_interface`."""
        return cls.needs_policy_interface

    @classmethod
    def trained_interface(cls, values: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return what the trained policy that it brings was trained with; None: it brings none.

        It is what nodes say in `policy_interface`, and is compared with that before a run: such
        a policy needs no checkpoint.  `InputError` if the policy cannot be read.
        """
        return None

    @classmethod
    def runs_without_torch(cls, values: Mapping[str, Any]) -> bool:
        """Tell whether it runs where torch is not installed: see `without_torch`."""
        return cls.without_torch

    @classmethod
    def waits_for_all(cls, values: Mapping[str, Any]) -> bool:
        """Tell whether it takes an item of every linked input each time: see `fires_on_any`."""
        return not cls.fires_on_any

    @classmethod
    def post_process_code(cls, code: str) -> str:
        """Return the module that an exported package gets for a node of this type.

        ``code`` is the module as generated; it must go on defining the node's class.
        """
        return code

    def setup(self) -> None:
        """Import what is heavy, build models, open devices.  `context` is there already."""

    def policy_interface(self) -> Mapping[str, Any]:
        """Return what a policy trained or run with this node may count on, as JSON values.

        What all nodes say is written beside each checkpoint.  A run for inference compares it
        with what its own nodes say under the same names, and starts only if all is the same.
        Called after `setup`.
        """
        return {}

    def widget_changed(self, name: str) -> None:
        """React to a live widget's new value (already in `values`)."""

    # Type checkers let a subclass name its inputs only where the base takes anything: *_ as well.
    def compute(self, *_: Any, **inputs: Any) -> Computed | Awaitable[Computed]:
        """Return the outputs for one item of every linked input; unlinked ones are None.

        It may be ``async def``; a plain function is called by what brings an item
        (`dnne_ros.node_api.answering`).
        """
        raise TypeError(f"{type(self).__name__} defines neither compute() nor process()")

    def compiled(self) -> Callable[..., Any] | None:
        """Return a plain function that regions call instead of `compute`; None: there is none.

        It is given the same items by the same names and returns the value of the only output
        itself, of several outputs a tuple of all, in their order.  It is asked for once, so it
        reads live widgets when it is called.
        """
        return None

    async def process(self) -> None:
        """Run until cancelled.  The default feeds `compute` with one item of each input."""
        await feed_compute(self)

    # These two are on the way of every item, so they add no coroutine of their own.
    def get_input(self, name: str, timeout: float | None = None) -> Awaitable[Any]:
        """Return the next item of an input (a held one: its value).

        Raises TimeoutError when nothing came within ``timeout`` seconds.
        """
        return self.context.get(name, timeout)

    async def get_batch(self, name: str, max_items: int, timeout: float | None = None
                        ) -> list[Any]:
        """Return ``max_items`` items, or those of ``timeout`` seconds: [], if none came."""
        return await self.context.get_batch(name, max_items, timeout)

    def send_output(self, value: Any, name: str, timeout: float | None = None
                    ) -> Awaitable[None]:
        """Give ``value`` to every consumer of output ``name``; waits while an edge is full.

        Raises TimeoutError when there was no room for ``timeout`` seconds.  Then, and when the
        call is cancelled, nothing was given to anybody.  TypeError for a value that a message of
        the output's type cannot carry, also where none is sent.
        """
        return self.context.put(name, value, timeout)

    async def send_outputs(self, values: Mapping[str, Any]) -> None:
        """Give a value to the consumers of each of several outputs, as `send_output` does.

        They leave together: another process gets all that is for its nodes in one packet.
        """
        with self.context.together():
            for name, value in values.items():
                await self.send_output(value, name)

    def safe_outputs(self, last: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what its consumers get while it is late, silent or fails, by output.

        For the policy ``safe_value`` of `dnne_ros.node_api.fault_settings`.  ``last`` are the
        values sent last; the default repeats them.
        """
        return last

    async def run_blocking(self, call: Callable[[], T], *, timeout: float | None = None,
                           late: Callable[[T], None] | None = None) -> T:
        """Return what ``call()`` returns, from a thread of the node's own; the graph goes on.

        Raises what it raises, and TimeoutError after ``timeout`` seconds.  A call cannot be
        ended: what it returns too late is given to ``late``, or dropped, and until then it
        counts as one of the `blocking_calls` at a time, for which further calls wait.
        """
        if self._blocking is None:
            self._blocking = BlockingCalls(self.context.name, self.blocking_calls)
        return await self._blocking.run(call, timeout, late)

    @property
    def blocking_calls_run(self) -> bool:
        """Whether a call of `run_blocking` is under way."""
        return self._blocking is not None and self._blocking.running > 0

    async def end_blocking(self, seconds: float = 0.5) -> int:
        """End the node's threads; return how many calls are left behind after ``seconds``.

        The run time calls it once `close` is through.
        """
        return 0 if self._blocking is None else await self._blocking.close(seconds)

    def load_weights(self, weights: Mapping[str, Tensor], layers: Sequence[Mapping[str, Any]]
                     ) -> None:
        """Begin with weights that another program saved, after `setup`.

        ``layers`` describe the layers that lead from this node back to it, where it has such.
        `InputError` with a line for each tensor that does not fit: its name, the shape that was
        expected, and the one that was found.
        """
        raise InputError("weights", [f"{self.type_name} has none of its own"])

    async def close(self) -> None:
        """Give back devices and threads; called once when the run ends."""
