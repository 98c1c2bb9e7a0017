"""What is known of the tasks of a back end without making any of them.

A back end names its function in `Backend.listing`; what that imports is there when it is called.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ListedTask:
    """A task as ``dnne-ros tasks`` shows it.

    ``observations``: numbers in an observation; ``groups``: of each group of them by its name,
    where there are several.  ``actions``: numbers in an action, or choices if
    it is ``discrete``.  ``horizon``: after how many steps an episode times out; 0: never.  None:
    not known before an environment is made.
    """

    name: str
    observations: int | None = None
    actions: int | None = None
    discrete: bool = False
    horizon: int | None = None
    groups: tuple[tuple[str, int], ...] = ()


def cartpole() -> list[ListedTask]:
    """Return the one task of three back ends."""
    from dnne_ros.sim.cartpole import task_spec

    spec = task_spec(1)
    return [ListedTask(spec.name, spec.observation.size, spec.action.size,
                       horizon=spec.max_episode_steps)]


def gymnasium_ids() -> list[ListedTask]:
    """Return what is registered with Gymnasium, the newest version of each."""
    import gymnasium

    newest: dict[tuple[str | None, str], tuple[int, ListedTask]] = {}
    for id, spec in gymnasium.registry.items():
        name, version = (spec.namespace, spec.name), spec.version or 0
        if name not in newest or version > newest[name][0]:
            newest[name] = version, ListedTask(id, horizon=spec.max_episode_steps or 0)
    return sorted((task for _, task in newest.values()), key=lambda task: task.name)


def envpool() -> list[ListedTask]:
    """Return those of EnvPool's tasks that its back end takes."""
    from dnne_ros.sim.envpool_tasks import EnvPoolTask, look_at, named_errors, names_but_pictures

    found = []
    for name in names_but_pictures():
        with named_errors(name):
            task = look_at(name)
        if isinstance(task, EnvPoolTask):
            choices = getattr(task.action, "n", None)
            found.append(ListedTask(
                name, task.observation.shape[0],
                task.action.shape[0] if choices is None else int(choices),
                discrete=choices is not None, horizon=task.limit, groups=task.groups))
    return found
