"""Simulated environments: one node owns the simulator, the other steps it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import InputError
from dnne_ros.node_api.answering import AnswerItems, answer_items
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Action, Dict, SimHandle, Sync, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.ros_topics import TopicUse
from dnne_ros.node_api.state import NodeState
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.simulation.filming import Filming
from dnne_ros.nodes.simulation.real_time import RealTime
from dnne_ros.nodes.simulation.simulator_camera import SimulatorCamera, parse_format
from dnne_ros.nodes.simulation.simulator_topics import NOBODY, SimulatorTopics, topic_uses

if TYPE_CHECKING:
    import torch

    from dnne_ros.sim.simulator import Simulator

_OBSERVATIONS = Tensor("float32", ("env", "observation"))
_PER_ENV = Tensor("float32", ("env",))
_FLAGS = Tensor("bool", ("env",))
_CHOOSES = "it chooses the simulator"


class SimulatorEnvNode(Node):
    """Make the simulated environments of a task and give their first observations.

    ``backend`` says which simulator; by itself it is the first that is installed and has the
    task.  The physics engine and the Isaac Gym paths are those of the Isaac Gym back end.
    """

    category = "simulation"

    env_name = Widget("Cartpole", "The task, such as Cartpole or gymnasium:HalfCheetah-v5.",
                      fixed_because=_CHOOSES)
    num_envs = Widget(64, "Environments that run side by side.", minimum=1, maximum=1_000_000,
                      fixed_because="it fixes the shapes of all tensors")
    isaac_gym_path = Widget("", "Where Isaac Gym is installed.")
    isaac_gym_envs_path = Widget("", "Where IsaacGymEnvs is installed.")
    headless = Widget(True, "Run without a viewer.")
    device = Widget("cuda", "Where tensors live; without CUDA: cpu.", choices=("cuda", "cpu"))
    physics_engine = Widget("physx", "Isaac Gym's engine.", choices=("physx", "flex"))
    backend = Widget("", "The simulator: mujoco, torch, gymnasium, envpool …; empty: the "
                     "first that is installed and has the task.", fixed_because=_CHOOSES)
    randomization = Widget("", "How environments differ, such as mass:0.8..1.2 (mujoco only).",
                           fixed_because="it is built into the physics")
    isaac_python = Widget("", "Interpreter that has Isaac Gym, Isaac Lab or mjlab; empty: that of "
                          "the environment variable ISAACGYM_PYTHON, ISAACLAB_PYTHON or "
                          "MJLAB_PYTHON.", fixed_because=_CHOOSES)
    threads = Widget(0, "Threads of the physics (mujoco and envpool); 0: as many as there are "
                     "cores.", minimum=0, maximum=1024)

    actor_group = Widget("", "Groups of observations that the actor sees, such as state, camera, "
                         "or columns of them, observations[0, 2:4]; empty: the back end's own.",
                         fixed_because="it fixes the shape of the observations")
    critic_group = Widget("", "Groups for critic_observations, likewise; empty: the back end's "
                          "own, or else what the actor sees.",
                          fixed_because="it fixes the shape of the observations")

    sim_handle = Output(SimHandle(), "The simulator, for the step node.")
    observations = Output(_OBSERVATIONS, "Observations after the first reset.")
    critic_observations = Output(_OBSERVATIONS, "What a critic sees after the first reset.")
    groups = Output(Dict(), "All groups of observations after the first reset, by name.")

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check the ranges of the randomization, and that a file that is named may run."""
        from dnne_ros.sim.group_columns import parse_groups
        from dnne_ros.sim.randomization import Randomization
        from dnne_ros.sim.vecenv_function import check_file

        problems = []
        for name in ("actor_group", "critic_group"):
            try:
                parse_groups(values[name])
            except ValueError as error:
                problems.append(f"widget {name!r}: {error}")
        try:
            Randomization.parse(values["randomization"])
        except ValueError as error:
            problems.append(f"widget 'randomization': {error}")
        try:
            check_file(values["env_name"], values["backend"])
        except ValueError as error:
            problems.append(f"widget 'env_name': {error}")
        return problems

    def setup(self) -> None:
        """Build the simulator."""
        from dnne_ros.node_api.devices import pick_device
        from dnne_ros.node_api.seeding import node_seed
        from dnne_ros.sim.observation_groups import choose_groups
        from dnne_ros.sim.registry import make_simulator
        from dnne_ros.sim.simulator_settings import IsaacOptions

        device = pick_device(self.device, self.context.log)
        simulator = make_simulator(
            self.env_name, self.num_envs, backend=self.backend, device=str(device),
            seed=node_seed(self.context.seed, self.context.node_id),
            randomization=self.randomization, threads=self.threads or None,
            drawn=self.context.video is not None, still_starting=self.context.still_setting_up,
            isaac=IsaacOptions(self.isaac_python, self.isaac_gym_path, self.isaac_gym_envs_path,
                               self.headless, self.physics_engine, self.device))
        try:
            self._simulator: Simulator = choose_groups(
                simulator, self.actor_group, self.critic_group)
        except InputError:
            simulator.close()
            raise

    async def process(self) -> None:
        """Hand out the simulator and the observations that it starts with."""
        await self.send_output(self._simulator, "sim_handle")
        if self.context.is_linked("critic_observations"):
            await self.send_output(self._simulator.critic_observations(), "critic_observations")
        if self.context.is_linked("groups"):
            await self.send_output(dict(self._simulator.groups()), "groups")
        await self.send_output(self._simulator.observations(), "observations")

    def policy_interface(self) -> dict[str, Any]:
        """Say what the task's columns are, and how often a policy sees them."""
        spec = self._simulator.spec
        interface: dict[str, Any] = {
            "task": spec.name, "joints": list(spec.joints),
            "rate_hz": round(1.0 / spec.step_seconds, 9)}
        for name, columns in (("observations", spec.observation), ("actions", spec.action)):
            interface[name] = list(columns.signals or columns.names)
            interface[f"{name[:-1]}_units"] = list(columns.units)
        return interface

    async def save_state(self, aligned: bool) -> NodeState:
        """Save the physics, episode lengths and random state."""
        tensors, values = self._simulator.state()
        return NodeState(tensors=tensors, values=values)

    def load_state(self, state: NodeState) -> None:
        """Take up the saved physics.

        Not where episodes are to begin anew, nor in inference with another number of environments.
        """
        saved = state.values.get("num_envs", self.num_envs)
        if self.context.new_episodes or (self.context.inference and saved != self.num_envs):
            return
        self._simulator.restore(state.tensors, state.values)
        if not self._simulator.resumes:
            self.context.log.warning(f"the state of {self.env_name} cannot be saved: all episodes "
                                     "start anew")

    async def close(self) -> None:
        """Shut the simulator down."""
        self._simulator.close()


class SimulatorStepNode(Node):
    """Step the environments once for each action, one trigger a step (the first is free).

    Environments that finish are reset in the same step: ``observations`` are those after the
    reset, ``next_observations`` those before it.
    """

    category = "simulation"
    answers_items = True
    films = True

    sim_handle = Input(SimHandle(), "The simulator.")
    actions = Input(Action(), "What each environment does.", aliases=("action",))
    trigger = Input(Sync(), "Lets the next step go; unlinked: each action does.", optional=True,
                    free_first_round=True)
    observations = Output(_OBSERVATIONS, "After the step, and after the reset of finished ones.")
    rewards = Output(_PER_ENV, "Of this step.", aliases=("reward",))
    done = Output(_FLAGS, "Episodes that ended with this step.", aliases=("dones",))
    info = Output(Dict(), "time_outs: which of the ended ones ran out of time; where "
                  "critic_observations is linked, next_critic_observations: of those, before the "
                  "reset; episode_log: what the task says of the ended ones.")
    next_observations = Output(_OBSERVATIONS, "After the step, before any reset.")
    critic_observations = Output(_OBSERVATIONS, "What a critic sees, like ``observations``.")
    groups = Output(Dict(), "All groups of observations by name, like ``observations``.")
    real_time_factor = Widget(1.0, "How much faster than real time inference runs; 0: as fast as "
                              "it can, as training does.", minimum=0.0, maximum=1000.0, live=True)
    shown_env = Widget(NOBODY, "Environment whose robot is published on /joint_states and "
                       "/robot_description; -1: none.", minimum=NOBODY, maximum=1_000_000,
                       live=True)
    camera = Widget("", "Pictures of the shown environment (else of the first one), such as "
                    "320x240@10: pixels and rate in Hz; empty: none.")

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check the camera's format."""
        try:
            if values["camera"]:
                parse_format(values["camera"])
        except ValueError as error:
            return [f"widget 'camera': {error}"]
        return []

    @classmethod
    def message_types(cls, values: Mapping[str, Any]) -> tuple[str, ...]:
        """Say what it publishes of time and of an environment that is shown."""
        return ("rosgraph_msgs/msg/Clock", "sensor_msgs/msg/JointState", "sensor_msgs/msg/Image")

    @classmethod
    def ros_topics(cls, values: Mapping[str, Any]) -> tuple[TopicUse, ...]:
        """Say which of these it publishes on."""
        return topic_uses(values)

    def setup(self) -> None:
        """Set the camera up, as far as that goes without the robot."""
        self._camera = SimulatorCamera(parse_format(self.camera)) if self.camera else None
        self._real_time: RealTime | None = None
        self._filming: Filming | None = None

    def widget_changed(self, name: str) -> None:
        """Go on at another rate."""
        if name == "real_time_factor" and self._real_time is not None:
            self._real_time.set_factor(self.real_time_factor)

    async def process(self) -> None:
        """Step for ever; in inference, in real time."""
        simulator: Simulator = await self.get_input("sim_handle")
        if self.context.inference:
            self._real_time = RealTime(simulator.spec.step_seconds, self.context.health,
                                       self.real_time_factor, self.context.steady)
        topics = SimulatorTopics(simulator, self.context, self._camera)
        await topics.start()
        if self.context.video is not None:
            self._filming = Filming(self.context.video, simulator, self.context.log)
            await self._filming.start(max(self.shown_env, 0))
        self._for_critic, self._in_groups = map(
            self.context.is_linked, ("critic_observations", "groups"))
        stepped = partial(self._stepped, simulator, topics)
        ports = ("actions", "trigger") if self.context.is_linked("trigger") else ("actions",)
        await self._answer(("actions",), stepped)  # the first step waits for no trigger
        if self._real_time is None and self._filming is None:
            await answer_items(self, ports, stepped)
        while True:
            await self._answer(ports, stepped)

    def _stepped(self, simulator: Simulator, topics: SimulatorTopics, actions: torch.Tensor,
                 _: None = None) -> dict[str, Any]:
        """Make a step, and return what comes of it."""
        step = simulator.step(actions)
        topics.step(self.shown_env)
        info: dict[str, Any] = {"time_outs": step.timed_out}
        if (log := simulator.episode_log()) is not None:
            info["episode_log"] = log._asdict()
        given: dict[str, Any] = {}
        if self._for_critic:
            if step.timed_out.any():
                info["next_critic_observations"] = simulator.next_critic_observations(
                    step)[step.timed_out]
            given["critic_observations"] = simulator.critic_observations()
        if self._in_groups:
            given["groups"] = dict(simulator.groups())
        return {**given, "next_observations": step.next_observations, "info": info,
                "rewards": step.rewards, "done": step.terminated | step.timed_out,
                "observations": step.observations}

    async def _answer(self, ports: tuple[str, ...], stepped: AnswerItems) -> None:
        """Make one step, when it is due."""
        items = [await self.get_input(port) for port in ports]
        if self._real_time is not None:
            await self._real_time.wait()
        if self._filming is not None:
            await self._filming.step(max(self.shown_env, 0))
        await self.send_outputs(stepped(*items) or {})

    async def close(self) -> None:
        """Put the cameras away."""
        if self._filming is not None:
            await self._filming.close()
        if self._camera is not None:
            await self._camera.close()
