"""A bus in memory on which messages are lost, late and out of order, and processes on it."""

import asyncio
import json
from collections import deque

import pytest

from dnne_ros.options.run_settings import RunSettings
from dnne_ros.runtime.coordination.bus import Delivery
from dnne_ros.runtime.coordination.run_channel import ProcessGroup
from dnne_ros.runtime.coordination.run_control import RunControl


class Network:
    """Carries messages between the buses of processes, as a test has it.

    ``drops(sender, receiver, topic, message)`` tells whether a message is lost, ``delay`` of the
    same returns the seconds that it takes.  Processes in ``deaf`` read nothing: what comes waits
    in their queues.  Those in ``cut`` are neither heard nor hear.
    """

    def __init__(self):
        self.drops = lambda sender, receiver, topic, message: False
        self.delay = lambda sender, receiver, topic, message: 0.0
        self.deaf = set()
        self.cut = set()
        self.said = []
        """(sender, topic, message) of all that was published."""
        self._history = []
        self._subscribers = []

    def bus(self, process):
        return MemoryBus(self, process)

    async def hear(self, topic, *messages, sender="stranger"):
        """Let ``sender`` publish bytes, or objects as JSON, and wait until all have come."""
        for message in messages:
            self.publish(sender, topic, Delivery(reliable=True, kept=0, queue=1),
                         message if isinstance(message, bytes) else json.dumps(message).encode())
        await asyncio.sleep(1.0)

    def publish(self, sender, topic, delivery, message):
        self.said.append((sender, topic, message))
        if delivery.kept:
            own = [entry for entry in self._history if entry[:2] == (sender, topic)]
            if len(own) == delivery.kept:
                self._history.remove(own[0])
            self._history.append((sender, topic, message))
        for subscriber in [each for each in self._subscribers if each.topic == topic]:
            self._send(sender, subscriber, message)

    def subscribe(self, subscriber):
        self._subscribers.append(subscriber)
        self.tell_again(subscriber.process)

    def tell_again(self, process):
        """Deliver what is kept for late joiners to a process that has been found again."""
        for subscriber in self._subscribers:
            if subscriber.process == process:
                for sender, topic, message in self._history:
                    if topic == subscriber.topic and sender != process:
                        self._send(sender, subscriber, message)

    def forget(self, process):
        """Let a process be gone; what it has published is still kept."""
        self._subscribers = [each for each in self._subscribers if each.process != process]

    def listen(self, process):
        """Let a deaf process read what waits for it."""
        self.deaf.discard(process)
        for subscriber in self._subscribers:
            if subscriber.process == process:
                subscriber.drain()

    def _send(self, sender, subscriber, message):
        where = sender, subscriber.process, subscriber.topic, message
        if {sender, subscriber.process} & self.cut or self.drops(*where):
            return
        asyncio.get_running_loop().call_later(self.delay(*where), subscriber.offer, message)


class _Subscriber:
    def __init__(self, network, process, topic, delivery, on_message):
        self.network = network
        self.process = process
        self.topic = topic
        self._waiting = deque(maxlen=delivery.queue)
        self._on_message = on_message

    def offer(self, message):
        self._waiting.append(message)
        if self.process not in self.network.deaf:
            self.drain()

    def drain(self):
        while self._waiting:
            self._on_message(self._waiting.popleft())


class MemoryBus:
    """One process's end of a `Network`."""

    def __init__(self, network, process):
        self._network = network
        self._process = process

    def publisher(self, topic, delivery):
        return _Publisher(self._network, self._process, topic, delivery)

    def subscribe(self, topic, delivery, on_message):
        self._network.subscribe(
            _Subscriber(self._network, self._process, topic, delivery, on_message))


class _Publisher:
    def __init__(self, network, process, topic, delivery):
        self._to = network, process, topic, delivery

    def publish(self, message):
        network, process, topic, delivery = self._to
        network.publish(process, topic, delivery, message)

    def flush(self, seconds):
        pass


class Status:
    """Keeps what a process tells its supervisor."""

    def __init__(self):
        self.messages = []

    def send(self, kind, **content):
        json.dumps(content)
        self.messages.append((kind, content))

    def of(self, kind):
        return [content for each, content in self.messages if each == kind]

    @property
    def warnings(self):
        return [content["message"] for content in self.of("warning")]


class SavedNodes:
    """The nodes of a process as a checkpoint sees them; ``states`` by id.

    Giving them takes ``seconds``, and fails with ``error``.
    """

    def __init__(self, **states):
        self.states = states
        self.seconds = 0.0
        self.error = None
        self.said = []
        self.asked = []

    async def save(self, aligned):
        self.asked.append(aligned)
        states = dict(self.states)
        if self.seconds:
            await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        return states

    def statements(self):
        return self.said


class Member:
    """One process of a run: its control, nodes, and what its supervisor was told."""

    def __init__(self, network, group, settings, nodes, types, announcers=1):
        self.nodes = nodes
        self.status = Status()
        self.control = RunControl(group, settings, self.status, network.bus(group.process),
                                  nodes, types, announcers)


@pytest.fixture
def network():
    return Network()


@pytest.fixture
def make_status():
    return Status


@pytest.fixture
def members(network, tmp_path):
    """Make the processes of a run, ``name=SavedNodes``; the first one leads."""
    def make(announcers=1, joining=None, begun=True, directory=tmp_path / "c", settings=None,
             **nodes):
        names = list(nodes)
        run_settings = RunSettings(
            save_checkpoint_dir=None if directory is None else str(directory), **(settings or {}))
        types = {node: "Some" for each in nodes.values() for node in each.states}
        made = {}
        for name in names if joining is None else [joining]:
            group = ProcessGroup(name, tuple(each for each in names if each != name), names[0],
                                 "run 1")
            made[name] = Member(network, group, run_settings, nodes[name], types, announcers)
            if begun:
                made[name].control.begin()
        return made if joining is None else made[joining]
    return make


@pytest.fixture
def saved_nodes():
    """Make nodes with states ``id=number``."""
    from dnne_ros.node_api.state import NodeState

    return lambda **states: SavedNodes(**{
        node: NodeState(values={"number": number}) for node, number in states.items()})
