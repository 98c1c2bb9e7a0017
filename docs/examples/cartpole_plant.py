"""A robot that happens to be a cart with a pole: two topics and MuJoCo, nothing of dnne_ros.

Runs as a process of its own, ``cartpole_plant.py SECONDS [unplug]``; prints what happened as
JSON.  It stands still until the first command, and falls silent at the end to see what is
commanded then.  With ``unplug`` its joint states are missing for a second in the middle; then
somebody puts the cart and the pole back, and plugs them in again.

Its time stands still, too, while a command for what it has published last is not there yet: how
fast the machine is that the policy runs on is not what is tried here.  It ends early when nobody
is left who commands it.
"""

import json
import sys
import time

import mujoco
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

PERIOD = 1 / 60
SUBSTEPS = 2
SILENCE = 1.0
COMMANDS = "/effort_controller/commands"
SAFE = [0.0]
SCENE = f"""
<mujoco>
  <compiler angle="radian"/>
  <option timestep="{PERIOD / SUBSTEPS!r}" gravity="0 0 -9.81"><flag contact="disable"/></option>
  <worldbody>
    <body name="cart">
      <joint name="slider_to_cart" type="slide" axis="0 1 0"/>
      <geom type="box" size="0.1 0.12 0.1" mass="1"/>
      <body name="pole">
        <joint name="cart_to_pole" type="hinge" axis="1 0 0"/>
        <geom type="box" size="0.02 0.03 0.5" pos="0 0 0.47" mass="1"/>
      </body>
    </body>
  </worldbody>
  <actuator><motor joint="slider_to_cart"/></actuator>
</mujoco>
"""
JOINTS = ("cart_to_pole", "slider_to_cart")
"""Not the policy's order: who reads by position instead of by name will fail."""


class CartPole:
    def __init__(self):
        self.model = mujoco.MjModel.from_xml_string(SCENE)
        self.data = mujoco.MjData(self.model)
        self.put_back()

    def put_back(self):
        mujoco.mj_resetData(self.model, self.data)
        self.data.joint("cart_to_pole").qpos[0] = 0.1

    def push(self, effort):
        """Push the cart with ``effort``, in N, until it is pushed otherwise."""
        self.data.ctrl[0] = effort

    def move(self):
        """Let a period pass."""
        mujoco.mj_step(self.model, self.data, SUBSTEPS)

    def position(self, joint):
        return float(self.data.joint(joint).qpos[0])

    def velocity(self, joint):
        return float(self.data.joint(joint).qvel[0])


class Plant:
    def __init__(self):
        self.cart = CartPole()
        self.commands = []
        self.moments = []
        self.node = rclpy.create_node("plant")
        self.publisher = self.node.create_publisher(
            JointState, "/joint_states", qos_profile_sensor_data)
        self.node.create_subscription(
            Float64MultiArray, COMMANDS, self.command, 10)
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)

    def command(self, message):
        self.commands.append(list(message.data))
        self.moments.append(time.monotonic())
        self.cart.push(message.data[0])

    def publish(self):
        message = JointState()
        message.header.stamp = self.node.get_clock().now().to_msg()
        message.name = list(JOINTS)
        message.position = [self.cart.position(name) for name in JOINTS]
        message.velocity = [self.cart.velocity(name) for name in JOINTS]
        self.publisher.publish(message)

    def publish_nonsense(self):
        self.publisher.publish(JointState(name=list(JOINTS), position=[1.0]))

    def spin_until(self, moment):
        while (left := moment - time.monotonic()) > 0:
            self.executor.spin_once(timeout_sec=left)

    def wait_for_command(self):
        while not self.commands:
            self.publish()
            self.spin_until(time.monotonic() + PERIOD)

    def wait_for_answer(self, known):
        """Wait for what the policy commands; returns False if there is nobody who would."""
        while not self.actions(known):
            if not self.node.count_publishers(COMMANDS):
                return False
            self.spin_until(time.monotonic() + 3 * PERIOD)
            if not self.actions(known):  # nothing says that what was published has arrived
                self.publish()
        return True

    def actions(self, known=0):
        """Return the commands after the first ``known`` that are not the safe one."""
        return [command for command in self.commands[known:] if command != SAFE]

    def run(self, seconds):
        """Return the farthest cart position and pole angle."""
        x = angle = 0.0
        due = time.monotonic()
        for step in range(round(seconds / PERIOD)):
            known = len(self.commands)
            self.publish()
            due = max(due, time.monotonic() - PERIOD) + PERIOD
            if step % 100 == 50:
                self.spin_until(due - PERIOD / 2)
                self.publish_nonsense()
            self.spin_until(due)
            if not self.wait_for_answer(known):
                break
            self.cart.move()
            x = max(x, abs(self.cart.position("slider_to_cart")))
            angle = max(angle, abs(self.cart.position("cart_to_pole")))
        return x, angle

    def wait_until_safe(self, known):
        """Wait for the safe command, which is what comes last."""
        while SAFE not in self.commands[known:]:
            self.spin_until(time.monotonic() + PERIOD)

    def unplug(self):
        """Return the seconds from the last joint states to the safe command, and what came then.

        A second is left to what was on its way; what comes in the one after it is returned, behind
        the command that was in force at its beginning.
        """
        self.publish()
        start = time.monotonic()
        known = len(self.commands)
        self.fall(SILENCE)
        self.wait_until_safe(known)
        safe = next(moment - start for moment, command
                    in zip(self.moments[known:], self.commands[known:], strict=True)
                    if command == SAFE)
        known = len(self.commands)
        self.fall(SILENCE)
        return safe, self.commands[known - 1:]

    def fall(self, seconds):
        """Go on without joint states."""
        due = time.monotonic()
        for _ in range(round(seconds / PERIOD)):
            due += PERIOD
            self.spin_until(due)
            self.cart.move()


def main():
    rclpy.init()
    plant = Plant()
    plant.wait_for_command()
    plant.commands.clear()
    plant.moments.clear()
    started = time.monotonic()
    x, angle = plant.run(float(sys.argv[1]))
    unplugged = {}
    if "unplug" in sys.argv:
        unplugged["safe_after"], unplugged["while_safe"] = plant.unplug()
        plant.cart.put_back()
        x, angle = plant.run(float(sys.argv[1]))
    commands, actions = len(plant.commands), len(plant.actions())
    periods = (time.monotonic() - started) / PERIOD
    if plant.commands[-1] != SAFE:
        plant.wait_until_safe(commands)
    plant.spin_until(time.monotonic() + SILENCE)
    print(json.dumps({
        "x": x, "angle": angle, "commands": commands, "actions": actions,
        "periods": periods, "last_command": plant.commands[-1],
        "sizes": sorted({len(command) for command in plant.commands}), **unplugged}), flush=True)


if __name__ == "__main__":
    main()
