"""The far side of `dnne_ros.sim.isaac_process`: Isaac Gym, under the user's own interpreter.

One self-contained file for Python 3.6 to 3.8 with numpy, torch, Isaac Gym and IsaacGymEnvs; it
must import nothing of dnne_ros.  The near side starts it with two file descriptors:

* a socket for messages, one JSON object a line.  ``open`` comes first and is answered with
  ``hello``; then ``step``, ``joints``, ``restart`` and ``close`` as often as wanted, each answered
  with an object of the same ``say`` (``close`` with none).  Until ``hello``, ``starting`` says
  every few seconds that this process is at it.  Anything that goes wrong is answered with
  ``failed``.  When the near side is gone, so is this process.
* memory that both map.  It has no name, so there is nothing that could be left behind.  ``hello``
  says where each array is; a ``step`` reads ``actions`` and writes the others before it answers.
"""

import ctypes
import functools
import json
import mmap
import os
import random
import signal
import socket
import sys
import threading
import traceback
from typing import Any, Callable, Dict, List, Optional, Tuple

PROTOCOL = 1
"""Changes with every change of a message or array."""
TRACEBACK_LINES = 12
SIGN_SECONDS = 5.0
"""Between two signs of life of a worker that is still starting."""
ALIGNMENT = 64
PR_SET_PDEATHSIG = 1

Message = Dict[str, Any]


class Refused(Exception):
    """What the user asked for is not there; ``stage`` says which part of it."""

    def __init__(self, stage: str, message: str) -> None:
        super().__init__(message)
        self.stage = stage


class Channel:
    """One JSON object a line, both ways."""

    def __init__(self, file_descriptor: int) -> None:
        self._file = socket.socket(fileno=file_descriptor).makefile("rwb")

    def receive(self) -> Optional[Message]:
        """Return the next message; None when the other side has gone."""
        line = self._file.readline()
        return json.loads(line.decode()) if line else None

    def send(self, say: str, **content: Any) -> None:
        """Send a message."""
        content["say"] = say
        self._file.write(json.dumps(content).encode() + b"\n")
        self._file.flush()


class StillStarting:
    """Says from a thread, while it is entered, that this process is at it.

    It says nothing while a call keeps the interpreter to itself.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._say)

    def _say(self) -> None:
        self._channel.send("starting")
        while not self._over.wait(SIGN_SECONDS):
            self._channel.send("starting")

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: Any) -> None:
        self._over.set()
        self._thread.join()


class Arrays:
    """The shared memory, as NumPy arrays that lie one after the other: ``by_name``."""

    def __init__(self, file_descriptor: int,
                 shapes: Dict[str, Tuple[str, List[int]]]) -> None:
        """Make room for ``shapes``: name -> (dtype, shape)."""
        import numpy

        self.layout: List[Message] = []
        self.by_name: Dict[str, Any] = {}
        end = 0
        for name, (dtype, shape) in shapes.items():
            self.layout.append({"name": name, "dtype": dtype, "shape": shape, "offset": end})
            size = numpy.dtype(dtype).itemsize * int(numpy.prod(shape))
            end += -(-size // ALIGNMENT) * ALIGNMENT
        os.ftruncate(file_descriptor, end)
        memory = mmap.mmap(file_descriptor, end)
        for entry in self.layout:
            flat = numpy.frombuffer(memory, entry["dtype"], int(numpy.prod(entry["shape"])),
                                    entry["offset"])
            self.by_name[entry["name"]] = flat.reshape(entry["shape"])


class Worker:
    """The environments of one task."""

    def __init__(self, request: Message, memory: int) -> None:
        """Make the environments that an ``open`` message asks for."""
        sys.path[:0] = request["paths"]
        # Isaac Gym refuses to be imported after torch.
        import_or_refuse("isaacgym")
        isaacgymenvs = import_or_refuse("isaacgymenvs")
        self._torch = import_or_refuse("torch")
        self._device = pick_device(request["device"], self._torch)
        self._seed(request["seed"])
        self._env = isaacgymenvs.make(
            seed=request["seed"], task=request["task"], num_envs=request["num_envs"],
            sim_device=self._device, rl_device=self._device,
            # As IsaacGymEnvs' own default; without a viewer it makes no graphics of it.
            graphics_device_id=0, headless=request["headless"], force_render=True,
            cfg=self._config(isaacgymenvs, request))
        count = self._env.num_envs
        self._arrays = Arrays(memory, {
            "actions": ("float32", [count, int(self._env.num_acts)]),
            "observations": ("float32", [count, int(self._env.num_obs)]),
            "rewards": ("float32", [count]),
            "done": ("uint8", [count]),
            "timed_out": ("uint8", [count]),
        })
        self._env.reset()
        # Isaac Gym gives zeros until a step has reset the environments.
        self._arrays.by_name["actions"][:] = 0.0
        self.step({})

    def hello(self) -> Message:
        """Return what the near side must know."""
        env = self._env
        clip = float(getattr(env, "clip_actions", 1.0))
        return {
            "protocol": PROTOCOL, "python": sys.version.split()[0],
            "torch": self._torch.__version__, "device": self._device,
            "num_envs": int(env.num_envs), "layout": self._arrays.layout,
            "step_seconds": float(env.sim_params.dt) * int(env.control_freq_inv),
            "max_episode_steps": int(getattr(env, "max_episode_length", 0)),
            "clip_actions": clip if clip < 1e30 else None,
            "max_push_effort": float(getattr(env, "max_push_effort", 0.0)),
            "joints": self._joint_names(),
        }

    def step(self, request: Message) -> Message:
        """Act with what is in the shared actions; leave the results in the other arrays."""
        torch, arrays = self._torch, self._arrays.by_name
        # A copy: a task may keep the tensor, and the near side writes the next actions here.
        actions = torch.from_numpy(arrays["actions"]).clone().to(self._device)
        observations, rewards, done, extras = self._env.step(actions)
        time_outs = extras.get("time_outs")
        if time_outs is None:
            time_outs = torch.zeros_like(done)
        for name, tensor in (("observations", observations["obs"]), ("rewards", rewards),
                             ("done", done != 0), ("timed_out", time_outs != 0)):
            torch.from_numpy(arrays[name]).copy_(tensor)
        return {}

    def joints(self, request: Message) -> Message:
        """Return positions and velocities of one environment's joints."""
        at = request["env"]
        return {"position": self._env.dof_pos[at].flatten().tolist(),
                "velocity": self._env.dof_vel[at].flatten().tolist()}

    def restart(self, request: Message) -> Message:
        """Start new episodes everywhere, the same ones for the same seed."""
        self._seed(request["seed"])
        self._env.reset_buf[:] = 1
        self._arrays.by_name["actions"][:] = 0.0
        return self.step({})

    def _config(self, isaacgymenvs: Any, request: Message) -> Any:
        """Return IsaacGymEnvs' configuration of the task; `Refused` if it has none."""
        import hydra

        folder = os.path.join(os.path.dirname(os.path.abspath(isaacgymenvs.__file__)), "cfg")
        tasks = sorted(name[:-len(".yaml")] for name in os.listdir(os.path.join(folder, "task"))
                       if name.endswith(".yaml"))
        if request["task"] not in tasks:
            raise Refused("task", "unknown task {!r}; {} has: {}".format(
                request["task"], os.path.dirname(folder), ", ".join(tasks)))
        on_gpu = self._device.startswith("cuda")
        with hydra.initialize_config_dir(config_dir=folder):
            return hydra.compose(config_name="config", overrides=[
                "task=" + request["task"], "num_envs={}".format(request["num_envs"]),
                "seed={}".format(request["seed"]), "headless={}".format(request["headless"]),
                "physics_engine=" + request["physics_engine"], "sim_device=" + self._device,
                "rl_device=" + self._device, "pipeline=" + ("gpu" if on_gpu else "cpu")])

    def _joint_names(self) -> List[str]:
        """Return the joints of an environment's first actor; [] where a task has another way."""
        env = self._env
        shape = tuple(getattr(getattr(env, "dof_pos", None), "shape", ()))
        if len(shape) < 2 or shape != tuple(getattr(env, "dof_vel", env.dof_pos).shape):
            return []
        names = list(env.gym.get_actor_dof_names(env.envs[0], 0))
        return names if len(names) == shape[1] else []

    def _seed(self, seed: int) -> None:
        """Seed what the tasks draw from."""
        import numpy

        random.seed(seed)
        numpy.random.seed(seed % 2**32)
        self._torch.manual_seed(seed)


def import_or_refuse(name: str) -> Any:
    """Return a module; `Refused` if it, or what it imports, is not installed."""
    try:
        return __import__(name)
    except ImportError as error:
        raise Refused("import {}".format(name), "{}: {}".format(type(error).__name__, error))


def pick_device(wanted: str, torch: Any) -> str:
    """Return ``cuda:0``, or ``cpu`` where that is wanted or there is no other."""
    return "cuda:0" if wanted.startswith("cuda") and torch.cuda.is_available() else "cpu"


def die_with(parent: int) -> None:
    """End this process when ``parent`` ends, even if it is killed while Isaac Gym is busy."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def failure(error: BaseException) -> Message:
    """Return the content of a ``failed`` message."""
    if isinstance(error, Refused):
        return {"stage": error.stage, "message": str(error), "traceback": []}
    lines = traceback.format_exc().splitlines()[-TRACEBACK_LINES:]
    if isinstance(error, SystemExit):
        message = "the simulator has ended the program (its viewer was closed, or see its log)"
    else:
        message = "{}: {}".format(type(error).__name__, str(error).partition("\n")[0])
    return {"stage": "run", "message": message, "traceback": lines}


def answer_with(make: Callable[[Message, int], Any], channel: Channel, memory: int) -> None:
    """Answer until the near side has had enough.

    ``make(request, memory)`` is given the ``open`` message and returns a worker: ``hello`` is what
    to answer it with, and each later message names one of its methods.
    """
    request = channel.receive()
    if request is None:
        return
    if request["protocol"] != PROTOCOL:
        raise Refused("protocol", "expected protocol {}, found {}".format(
            PROTOCOL, request["protocol"]))
    with StillStarting(channel):
        worker = make(request, memory)
    channel.send("hello", **worker.hello())
    while True:
        request = channel.receive()
        if request is None or request["say"] == "close":
            return
        channel.send(request["say"], **getattr(worker, request["say"])(request))


def serve_near_side(serve: Callable[[Channel, int], None],
                    describe: Callable[[BaseException], Message] = failure) -> None:
    """Serve whom the last arguments say: socket, memory and process id; then leave.

    What ``serve`` raises is answered with ``failed`` and what ``describe`` makes of it.
    """
    channel_descriptor, memory, parent = (int(word) for word in sys.argv[-3:])
    die_with(parent)
    channel = Channel(channel_descriptor)
    try:
        serve(channel, memory)
    except (Exception, SystemExit) as error:
        channel.send("failed", **describe(error))
    sys.stdout.flush()
    os._exit(0)  # simulators and drivers may crash on their way out; there is nothing to save


def main() -> None:
    """Serve one near side: ``isaac_worker.py <socket> <memory> <its process id>``."""
    # Python puts this file's folder first; what is in there is no business of Isaac Gym's.
    sys.path.pop(0)
    serve_near_side(functools.partial(answer_with, Worker))


if __name__ == "__main__":
    main()
