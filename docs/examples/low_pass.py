"""A node type of our own: a low-pass filter for actions."""

from dnne_ros import Action, Input, Node, NodeState, Output, Widget


class LowPassNode(Node):
    """Smooth actions: each is mixed with what was sent before it."""

    category = "robotics"

    action = Input(Action(), "What the policy wants.")
    smoothed = Output(Action(), "What the simulator or robot gets.")
    keep = Widget(0.5, "How much of the last action is kept.", minimum=0.0, maximum=0.99,
                  live=True)

    def setup(self):
        """Start without a last action."""
        self.last = None

    async def compute(self, action):
        """Mix, remember, and pass on."""
        if self.last is not None:
            action = self.keep * self.last + (1.0 - self.keep) * action
        self.last = action
        return {"smoothed": action}

    async def save_state(self, aligned):
        """Let a resumed run go on with the last action."""
        return NodeState(tensors={} if self.last is None else {"last": self.last})

    def load_state(self, state):
        """Take up the last action."""
        self.last = state.tensors.get("last")
