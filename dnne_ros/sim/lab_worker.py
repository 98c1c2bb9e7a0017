"""The far side of `dnne_ros.sim.lab_process`: mjlab or Isaac Lab, under their own interpreter.

It imports nothing of dnne_ros but `isaac_worker`, which has the messages and the shared memory.
``open`` is answered with ``hello``, which says where each array is; a ``step`` reads ``actions``
and writes the others.  A group of observations NAME is the array ``now/NAME``, what its episodes
ended with ``before/NAME``.  An ``open`` without a task is answered with the names of all tasks.
"""

from __future__ import annotations

import mmap
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from dnne_ros.sim.isaac_worker import (
    ALIGNMENT,
    PROTOCOL,
    Arrays,
    Message,
    Refused,
    answer_with,
    import_or_refuse,
    pick_device,
    serve_near_side,
)


def mjlab_tasks() -> list[str]:
    """Return the names of mjlab's tasks."""
    import_or_refuse("mjlab")
    import_or_refuse("mjlab.tasks")
    from mjlab.tasks.registry import list_tasks

    return list(list_tasks())


def open_mjlab(request: Message, device: str) -> Any:
    """Return an environment of mjlab's."""
    _check_task(request["task"], mjlab_tasks())
    from mjlab.envs import ManagerBasedRlEnv
    from mjlab.tasks.registry import load_env_cfg

    settings = load_env_cfg(request["task"])
    settings.scene.num_envs = request["num_envs"]
    settings.seed = request["seed"]
    return ManagerBasedRlEnv(_ready(settings), device=device,
                             render_mode="rgb_array" if request["drawn"] else None)


def open_isaaclab(request: Message, device: str) -> Any:
    """Return an environment of Isaac Lab's; its program has to be started before its modules."""
    import_or_refuse("isaaclab")
    from isaaclab.app import AppLauncher

    AppLauncher(headless=request["headless"], enable_cameras=request["drawn"], device=device)
    import_or_refuse("isaaclab_tasks")
    import gymnasium
    from isaaclab_tasks.utils import parse_env_cfg

    _check_task(request["task"], [name for name in gymnasium.registry if "Isaac" in name])
    settings = parse_env_cfg(request["task"], device=device, num_envs=request["num_envs"])
    settings.seed = request["seed"]
    return gymnasium.make(request["task"], cfg=_ready(settings),
                          render_mode="rgb_array" if request["drawn"] else None).unwrapped


OPENERS: dict[str, Callable[[Message, str], Any]] = {
    "mjlab": open_mjlab, "isaaclab": open_isaaclab}


def _check_task(task: str, known: list[str]) -> None:
    import difflib

    if task not in known:
        near = difflib.get_close_matches(task, known, n=5, cutoff=0.4) or sorted(known)[:5]
        raise Refused("task", f"unknown task {task!r}; the nearest of {len(known)} are "
                              f"{', '.join(near)}")


def _ready(settings: Any) -> Any:
    """Ask for what episodes end with, in whichever way this version can tell it."""
    for name, value in (("auto_reset", False), ("capture_terminal_observations", True),
                        ("compute_final_obs", True)):
        if hasattr(settings, name):
            setattr(settings, name, value)
            break
    return settings


class TaskList:
    """No environments, only what they could be of."""

    def __init__(self, request: Message) -> None:
        """Look: only mjlab can tell without starting a simulator."""
        sys.path[:0] = request["paths"]
        self._names = mjlab_tasks()

    def hello(self) -> Message:
        """Return the names."""
        return {"layout": [], "tasks": self._names}


class Worker:
    """The environments of one task."""

    def __init__(self, request: Message, memory: int) -> None:
        """Make the environments that an ``open`` message asks for."""
        sys.path[:0] = request["paths"]
        self._torch = import_or_refuse("torch")
        self._device = pick_device(request["device"], self._torch)
        self._memory = memory
        self._picture: Any = None
        self._now: dict[str, Any]
        self._before: dict[str, Any]
        self._request, self._stepped = request, False
        env = self._env = OPENERS[request["lab"]](request, self._device)
        settings = env.cfg
        self._resets = not getattr(settings, "auto_reset", True)
        self._finite = bool(getattr(settings, "is_finite_horizon", False))
        self.restart({"seed": request["seed"], "steps": 0})
        self._actions = int(env.single_action_space.shape[-1])
        count = int(env.num_envs)
        groups = {name: ("float32", [count, *group.shape[1:]])
                  for name, group in self._now.items()}
        self._arrays = Arrays(memory, {
            "actions": ("float32", [count, self._actions]), "rewards": ("float32", [count]),
            "terminated": ("uint8", [count]), "timed_out": ("uint8", [count]),
            **{f"{moment}/{name}": form for name, form in groups.items()
               for moment in ("now", "before")}})
        # What is compiled for a step is compiled here, where that may take minutes.
        self._arrays.by_name["actions"][:] = 0.0
        self.step({})
        self.restart({"seed": request["seed"], "steps": 0})
        self._write("now", self._now)

    def hello(self) -> Message:
        """Return what the near side must know."""
        env = self._env
        return {
            "protocol": PROTOCOL, "python": sys.version.split()[0],
            "torch": self._torch.__version__, "device": self._device,
            "num_envs": int(env.num_envs), "layout": self._arrays.layout,
            "step_seconds": float(env.step_dt),
            "max_episode_steps": int(env.max_episode_length), "joints": self._joint_names(),
        }

    def step(self, request: Message) -> Message:
        """Act with what is in the shared actions; leave the results in the other arrays."""
        torch, arrays, env = self._torch, self._arrays.by_name, self._env
        self._stepped = True
        actions = torch.from_numpy(arrays["actions"]).clone().to(self._device)
        observed, rewards, terminated, truncated, extras = env.step(actions)
        terminated = terminated.bool() | (truncated.bool() & self._finite)
        done = terminated | truncated.bool()
        ended, log = int(done.sum()), _numbers(extras.get("log"))
        self._before, self._now = self._now, self._groups(observed)
        following = self._now
        if ended:
            following = self._followed(done, extras)
            if self._resets:
                begun, extras = env.reset(env_ids=done.nonzero(as_tuple=False).flatten())
                self._now = self._merged(self._groups(begun), self._now, done)
                log.update(_numbers(extras.get("log")))
        self._write("now", self._now)
        self._write("before", following)
        for name, values in (("rewards", rewards), ("terminated", terminated),
                             ("timed_out", truncated.bool() & ~terminated)):
            torch.from_numpy(arrays[name]).copy_(values)
        return {"log": log if ended else {}}

    def _followed(self, done: Any, extras: Mapping[str, Any]) -> dict[str, Any]:
        """Return all groups as the step left them, before any reset.

        Of a version that does not tell, those that ended stand as they were before the step.
        """
        if self._resets:
            return self._now
        final = extras.get("final_obs", extras.get("terminal"))
        if not isinstance(final, Mapping):
            return self._merged(self._before, self._now, done)
        rows = {}
        for name, values in final.items():
            if name in self._now:
                rows[name] = self._now[name].clone()
                # Either of all environments, or of those that ended.
                rows[name][done] = (values[done] if len(values) == len(done) else values).float()
        return {**self._merged(self._before, self._now, done), **rows}

    def _merged(self, where: Mapping[str, Any], other: Mapping[str, Any], done: Any
                ) -> dict[str, Any]:
        merged = {name: group.clone() for name, group in other.items()}
        for name, group in merged.items():
            group[done] = where[name][done]
        return merged

    def restart(self, request: Message) -> Message:
        """Start new episodes everywhere, the same ones for the same seed and steps so far.

        Some terms of mjlab's remember what was before a reset (how high a foot was lifted), so its
        environments are made anew.  Isaac Sim has one scene for its whole life.
        """
        if self._stepped and self._request["lab"] == "mjlab":
            self._env.close()
            self._env = open_mjlab(self._request, self._device)
            self._stepped = False
        env = self._env
        for counter in ("common_step_counter", "_sim_step_counter"):  # curricula go by them
            if hasattr(env, counter):
                substeps = env.cfg.decimation if counter.startswith("_sim") else 1
                setattr(env, counter, request["steps"] * substeps)
        self._now = self._groups(env.reset(seed=request["seed"])[0])
        if hasattr(self, "_arrays"):
            self._write("now", self._now)
        return {}

    def joints(self, request: Message) -> Message:
        """Return positions and velocities of one environment's joints."""
        data = self._env.scene["robot"].data
        return {"position": data.joint_pos[request["env"]].tolist(),
                "velocity": data.joint_vel[request["env"]].tolist()}

    def picture(self, request: Message) -> Message:
        """Let the environment draw itself, into the memory behind the arrays."""
        import numpy

        viewer = getattr(self._env.cfg, "viewer", None)
        if viewer is not None and hasattr(viewer, "env_idx"):
            viewer.env_idx = request["env"]
        drawn = numpy.ascontiguousarray(self._env.render(), numpy.uint8)
        last = self._arrays.layout[-1]
        start = last["offset"] + self._arrays.by_name[last["name"]].nbytes
        start = -(-start // ALIGNMENT) * ALIGNMENT
        if self._picture is None:
            os.ftruncate(self._memory, start + drawn.nbytes)
            memory = mmap.mmap(self._memory, start + drawn.nbytes)
            self._picture = numpy.frombuffer(memory, numpy.uint8, drawn.size, start)
        self._picture[:] = drawn.flatten()
        return {"offset": start, "shape": list(drawn.shape)}

    def _groups(self, observed: Any) -> dict[str, Any]:
        """Return copies of all groups, float32; `Refused` for one that is no tensor."""
        if not isinstance(observed, Mapping):
            observed = {"policy": observed}
        for name, group in observed.items():
            if not hasattr(group, "shape"):
                raise Refused("group", f"expected the group {name!r} of observations to be one "
                                       "tensor (concatenate_terms), found its terms")
        return {str(name): group.detach().float().clone() for name, group in observed.items()}

    def _write(self, moment: str, groups: Mapping[str, Any]) -> None:
        for name, group in groups.items():
            self._torch.from_numpy(self._arrays.by_name[f"{moment}/{name}"]).copy_(group)

    def _joint_names(self) -> list[str]:
        """Return the joints of what is called robot; [] where a task has no such thing."""
        try:
            return list(self._env.scene["robot"].joint_names)
        except (AttributeError, KeyError):
            return []


def _numbers(log: Any) -> dict[str, float]:
    """Return those of a log's values that are one number."""
    found = {}
    for name, value in (log or {}).items():
        try:
            found[str(name)] = float(value)
        except (TypeError, ValueError, RuntimeError):  # words, or a tensor of several
            continue
    return found


def make(request: Message, memory: int) -> Worker | TaskList:
    """Return what an ``open`` message asks for; without a task that is a list of them."""
    return Worker(request, memory) if request["task"] else TaskList(request)


def main() -> None:
    """Serve one near side, with its socket, memory and process id as the last arguments."""
    serve_near_side(partial(answer_with, make))
