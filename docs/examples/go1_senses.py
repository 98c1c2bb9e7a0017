"""What MuJoCo Playground's Go1 observes and commands, made of a robot's topics."""

import asyncio

from dnne_ros import Action, Input, Node, Output, Tensor, Widget

POSE = "0.1,0.9,-1.8,-0.1,0.9,-1.8,0.1,0.9,-1.8,-0.1,0.9,-1.8"


class Go1Senses(Node):
    """Give the 45 numbers of training: turn rates, gravity, joints, last action, command.

    A joint state makes an observation, with the newest of everything else; without a command the
    robot is to stand.
    """

    joints = Input(Tensor(), "Positions, then velocities, (1, 24).")
    gyro = Input(Tensor(), "Turn rates in the body's axes, rad/s, (1, 3).")
    orientation = Input(Tensor(), "Quaternion x, y, z, w, (1, 4).")
    command = Input(Tensor(), "Wanted m/s ahead and to the left, rad/s, (1, 3).", optional=True)
    action = Input(Action(), "What the policy wanted last, (1, 12).", optional=True,
                   free_first_round=True)
    observations = Output(Tensor(), "(1, 45).")
    pose = Widget(POSE, "Joint positions that an action of 0 means.")

    def setup(self):
        """Nothing has been heard."""
        import torch

        self._pose = torch.tensor([[float(word) for word in self.pose.split(",")]])
        self._newest = {"command": torch.zeros(1, 3), "action": torch.zeros(1, 12)}

    async def process(self):
        """Keep what comes at its own pace; answer each joint state."""
        heard = [port for port in ("gyro", "orientation", "command", "action")
                 if self.context.is_linked(port)]
        await asyncio.gather(self._sense(), *(self._keep(port) for port in heard))

    async def _keep(self, port):
        while True:
            self._newest[port] = await self.get_input(port)

    async def _sense(self):
        import torch

        while True:
            joints = await self.get_input("joints")
            if not {"gyro", "orientation"} <= self._newest.keys():
                continue
            await self.send_output(torch.cat([
                self._newest["gyro"], _down(self._newest["orientation"]),
                joints[:, :12] - self._pose, joints[:, 12:], self._newest["action"].clamp(-1, 1),
                self._newest["command"]], dim=1), "observations")


class Go1Targets(Node):
    """Turn a policy's action into positions of the joints: around a pose, half a radian for 1."""

    action = Input(Action(), "(1, 12), of which -1 to 1 counts.")
    targets = Output(Action(), "rad, (1, 12).")
    pose = Widget(POSE, "Joint positions that an action of 0 means.")
    reach = Widget(0.5, "What an action of 1 means.", unit="rad")

    def setup(self):
        """Read the pose."""
        import torch

        self._pose = torch.tensor([[float(word) for word in self.pose.split(",")]])

    def compute(self, action):
        """Scale."""
        return {"targets": self._pose + self.reach * action.clamp(-1, 1)}


def _down(quaternion):
    """Return where down is in the axes of a body that is turned so, (1, 3)."""
    import torch

    x, y, z, w = quaternion[0]
    return torch.stack([2 * (w * y - x * z), -2 * (w * x + y * z),
                        2 * (x * x + y * y) - 1])[None]
