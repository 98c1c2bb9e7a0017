"""A viewer that knows Foxglove's protocol (subprotocol foxglove.sdk.v1) and nothing of us."""

import asyncio
import json
import struct

SUBPROTOCOL = "foxglove.sdk.v1"
_MESSAGE_DATA = 1


class Viewer:
    """A websocket, and what came over it so far."""

    def __init__(self, socket):
        self._socket = socket
        self._reading = asyncio.get_running_loop().create_task(self._read())
        self._changed = asyncio.Event()
        self._next = 0
        self.info = {}
        self.channels = {}
        """What is offered, by topic."""
        self.messages = {}
        """What came, by topic."""
        self.parameters = {}
        self.answers = {}
        """Values of parameters by the id of the request."""
        self.statuses = []
        self.graph = {"publishedTopics": {}, "subscribedTopics": {}, "advertisedServices": {}}
        self._subscriptions = {}

    @classmethod
    async def connect(cls, port):
        """Connect to a server of this machine."""
        from websockets.asyncio.client import connect

        socket = await connect(f"ws://127.0.0.1:{port}", subprotocols=[SUBPROTOCOL],
                               max_size=None)
        assert socket.subprotocol == SUBPROTOCOL
        return cls(socket)

    async def close(self):
        """Leave without a word."""
        self._reading.cancel()
        await self._socket.close()

    async def until(self, condition):
        """Wait for what messages will bring about."""
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    @property
    def port(self):
        """The server's."""
        return self._socket.remote_address[1]

    async def say(self, text):
        """Send it as it is."""
        await self._socket.send(text)

    async def subscribe(self, topic):
        """Subscribe once the topic is offered."""
        await self.until(lambda: topic in self.channels)
        self._next += 1
        self._subscriptions[self._next] = topic
        await self._send("subscribe", subscriptions=[
            {"id": self._next, "channelId": self.channels[topic]["id"]}])

    async def unsubscribe(self, topic):
        """Subscribe no more."""
        ids = [id for id, each in self._subscriptions.items() if each == topic]
        await self._send("unsubscribe", subscriptionIds=ids)

    async def read(self, *names):
        """Return the values of parameters by name, or all."""
        return await self._ask("getParameters", parameterNames=names)

    async def set(self, **values):
        """Set parameters, in whose names slashes and the dot are as in `name`; return values."""
        return await self._ask("setParameters", parameters=[
            {"name": name, "value": value} for name, value in values.items()])

    async def follow(self, *names):
        """Be told when parameters change."""
        await self._send("subscribeParameterUpdates", parameterNames=names)

    async def follow_graph(self):
        """Be told of connections."""
        await self._send("subscribeConnectionGraph")

    async def _ask(self, op, **rest):
        self._next += 1
        id = f"request {self._next}"
        await self._send(op, id=id, **rest)
        await self.until(lambda: id in self.answers)
        return self.answers.pop(id)

    async def _send(self, op, **rest):
        await self._socket.send(json.dumps({"op": op, **rest}))

    async def _read(self):
        async for message in self._socket:
            if isinstance(message, bytes):
                self._take_data(message)
            else:
                self._take(json.loads(message))
            self._changed.set()

    def _take_data(self, message):
        kind, subscription, _ = struct.unpack_from("<BIQ", message)
        assert kind == _MESSAGE_DATA
        self.messages.setdefault(self._subscriptions[subscription], []).append(message[13:])

    def _take(self, message):
        op = message["op"]
        if op == "serverInfo":
            self.info = message
        elif op == "advertise":
            self.channels.update({each["topic"]: each for each in message["channels"]})
        elif op == "unadvertise":
            self.channels = {topic: each for topic, each in self.channels.items()
                             if each["id"] not in message["channelIds"]}
        elif op == "parameterValues":
            values = {each["name"]: each["value"] for each in message["parameters"]}
            self.parameters.update(values)
            if "id" in message:
                self.answers[message["id"]] = values
        elif op == "status":
            self.statuses.append(message["message"])
        elif op == "connectionGraphUpdate":
            self._take_graph(message)

    def _take_graph(self, message):
        for kind, ends in (("publishedTopics", "publisherIds"),
                           ("subscribedTopics", "subscriberIds"),
                           ("advertisedServices", "providerIds")):
            self.graph[kind].update({each["name"]: sorted(each[ends])
                                     for each in message[kind]})
            for gone in (*message["removedTopics"], *message["removedServices"]):
                self.graph[kind].pop(gone, None)
