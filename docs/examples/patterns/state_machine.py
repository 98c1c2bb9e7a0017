"""State machine: events come in, and the table says which state follows."""

from dnne_ros import Input, Node, Output, String

FOLLOWS = {
    ("idle", "start"): "homing",
    ("homing", "homed"): "ready",
    ("ready", "go"): "moving",
    ("moving", "arrived"): "ready",
    ("moving", "stop"): "ready",
}
FROM_ANYWHERE = {"fault": "fault", "reset": "idle"}


class EventsNode(Node):
    """Play the operator: one event after another."""

    event = Output(String(), "What happens.")

    async def process(self):
        """Send a day's events, two of them out of place."""
        for event in ("go", "start", "homed", "go", "arrived", "go", "stop", "arrived", "go",
                      "fault", "reset"):
            await self.send_output(event, "event")


class MachineNode(Node):
    """Change state as the table says; an event without an entry is refused and logged."""

    event = Input(String(), "What happens.")
    state = Output(String(), "The state, after each event.")

    def setup(self):
        """Start idle."""
        self.now = "idle"
        self.refused = 0

    async def compute(self, event):
        """Return the state that follows."""
        follows = FROM_ANYWHERE.get(event) or FOLLOWS.get((self.now, event))
        if follows is None:
            self.refused += 1
            self.context.health.values["refused"] = self.refused
            self.context.log.warning(f"{event!r} means nothing when {self.now}")
        else:
            self.now = follows
        return {"state": self.now}


class RecorderNode(Node):
    """Keep the states, and end the run with the day."""

    state = Input(String(), "States.")

    async def process(self):
        """Record until the machine is idle again."""
        states = [await self.get_input("state")]
        while states[-1] != "idle" or len(states) < 2:
            states.append(await self.get_input("state"))
        self.context.report({"states": states})
        await self.context.finish("recorded")
