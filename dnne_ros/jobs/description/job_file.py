"""A job as a person writes it, in a file or on a command line, made into a specification."""

from __future__ import annotations

import difflib
import subprocess
from collections.abc import Callable, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from dnne_ros import strict_yaml
from dnne_ros.durable_files import read_file
from dnne_ros.errors import InputError, Problems
from dnne_ros.jobs.description.needs import Needs
from dnne_ros.jobs.description.spec import TOPIC, JobSpec, Task, level_of
from dnne_ros.jobs.description.states import BACKOFFS
from dnne_ros.jobs.description.tasks import command_task, function_task
from dnne_ros.node_api.checkpoint_trigger import parse_duration

_RECORDED = ("dnne_ros", "torch", "numpy", "mujoco", "rclpy", "dbos")
_GIT_SECONDS = 5.0


def _text(value: Any) -> str:
    if not isinstance(value, (str, int, float)) or isinstance(value, bool) or value == "":
        raise ValueError(f"expected a text, found {value!r:.40}")
    return str(value)


def _seconds(value: Any) -> float:
    return parse_duration(_text(value))


def _level(value: Any) -> int:
    return level_of(_text(value))


def _whole(value: Any) -> int:
    text = _text(value)
    if not (text.isdecimal() and int(text) <= 1000):
        raise ValueError(f"expected a whole number from 0 to 1000, found {text!r:.40}")
    return int(text)


def _numbers(value: Any) -> tuple[int, ...]:
    each = value if isinstance(value, list) else [value]
    if not all(str(number).isdecimal() for number in each):
        raise ValueError(f"expected numbers of jobs, found {value!r:.40}")
    return tuple(map(int, each))


def _backoff(value: Any) -> str:
    if value not in BACKOFFS:
        raise ValueError(f"expected {', '.join(BACKOFFS)}, found {value!r:.40}")
    return str(value)


def _needs(value: Any) -> Needs:
    if isinstance(value, Mapping):
        value = ",".join(f"{name}={each}" for name, each in value.items())
    return Needs.parse(_text(value))


def _topic(value: Any) -> tuple[str, ...]:
    if value != TOPIC:
        raise ValueError(f"a file can only name the topic {TOPIC}, as it cannot say which code "
                         "may run; type --notify behind the command")
    return (TOPIC,)


TREATMENT: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "name": ("name", _text), "queue": ("queue", _text), "user": ("user", _text),
    "priority": ("level", _level), "after": ("after", _numbers),
    "after_any": ("after_any", _numbers), "retries": ("retries", _whole),
    "backoff": ("backoff", _backoff), "backoff_base": ("backoff_base", _seconds),
    "retry_lower": ("retry_lower", _whole), "delay": ("delay", _seconds),
    "timeout": ("timeout", _seconds), "grace": ("grace", _seconds), "needs": ("needs", _needs),
    "dedupe": ("dedupe", _text), "notify": ("notify", _topic)}
"""How a job is treated: key in a file → field of `JobSpec`, and what makes it a value."""
_TASK = ("workflow", "set", "seed", "options", "command", "function", "arguments")
_OTHER = ("escalate_to", "cron")
KEYS = (*_TASK, *TREATMENT, *_OTHER)


def read_job_file(path: Path, more: Mapping[str, Any] = {}, trusted: tuple[str, ...] = (),
                  above: tuple[Path, ...] = ()) -> tuple[JobSpec, str]:
    """Return the job that a YAML file describes, and its cron expression or nothing.

    ``more`` counts instead of what the file says.  The names of the workflow and of another job
    count from the file's folder, those in options from the present one.  ``trusted`` are the words
    by which the user lets code run.  `InputError` with all that is wrong; ``above`` are the files
    that escalate to this one.
    """
    path = path.absolute()
    if path in above:
        circle = " → ".join(each.name for each in (*above[above.index(path):], path))
        raise InputError(str(path), [f"escalate_to leads back to where it began: {circle}"])
    found = read_yaml(path)
    return spec_of_order({**found, **more}, str(path), path.parent, trusted, (*above, path))


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file; `InputError` if it cannot be read or is none."""
    try:
        text = read_file(path)
    except OSError as error:
        raise InputError(str(path), [f"cannot be read as YAML: {error}"]) from None
    return mapping_of(text, str(path))


def mapping_of(text: str | bytes, source: str) -> dict[str, Any]:
    """Return the mapping that a YAML text is; `InputError` if it is none."""
    try:
        found = strict_yaml.loads(text)
    except ValueError as error:
        said = " ".join(str(error).split())
        raise InputError(source, [f"cannot be read as YAML: {said:.200}"]) from None
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise InputError(source, [f"expected keys and values, found {found!r:.60}"])
    return found


def check_keys(found: Mapping[str, Any], known: tuple[str, ...], problems: Problems,
               where: str = "") -> None:
    """Note each key that is none, with the nearest that is."""
    for key in found:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(known)}"
            problems.add(f"{where}unknown key {key!r:.40}{hint}")


def spec_of_order(order: Mapping[str, Any], source: str, folder: Path,
                  trusted: tuple[str, ...] = (), above: tuple[Path, ...] = ()
                  ) -> tuple[JobSpec, str]:
    """Return the specification of an order with `KEYS`, and its cron expression or nothing."""
    problems = Problems(source)
    check_keys(order, KEYS, problems)
    values: dict[str, Any] = {}
    for key, (field, read) in TREATMENT.items():
        if order.get(key) is not None:
            try:
                values[field] = read(order[key])
            except ValueError as error:
                problems.add(f"{key}: {error}")
    cron = str(order.get("cron") or "")
    task = Task()
    with _collected(problems):
        if cron:
            _check_cron(cron)
        task = task_of_order(order, source, folder, trusted)
    if order.get("escalate_to") is not None:
        with _collected(problems):
            values["escalate"], _ = read_job_file(
                folder / str(order["escalate_to"]), {}, trusted, above)
    problems.raise_if_any()
    here = Path.cwd()
    return JobSpec(task, directory=str(here), versions=versions(here), **values), cron


def task_of_order(order: Mapping[str, Any], source: str, folder: Path,
                  trusted: tuple[str, ...]) -> Task:
    """Return what an order wants to run; `InputError` unless it is one thing."""
    kinds = [kind for kind in ("workflow", "command", "function") if order.get(kind)]
    if len(kinds) != 1:
        raise InputError(source, ["expected one of workflow, command and function, found "
                                  + (" and ".join(kinds) or "none")])
    if kinds == ["function"]:
        arguments = order.get("arguments") or {}
        if not isinstance(arguments, dict):
            raise InputError(source, [f"arguments: expected names and values, found "
                                      f"{arguments!r:.40}"])
        return function_task(str(order["function"]), arguments, source)
    return command_task(_words(order, kinds[0], source, folder), source, trusted)


def _words(order: Mapping[str, Any], kind: str, source: str, folder: Path) -> list[str]:
    lists = {key: order.get(key) or [] for key in ("set", "options", "command")}
    wrong = [f"{key}: expected a list, found {value!r:.40}" for key, value in lists.items()
             if not isinstance(value, list)]
    if wrong:
        raise InputError(source, wrong)
    words = list(map(str, lists["command"]))
    if kind == "workflow":
        words = ["run", str(folder / str(order["workflow"]))]
    words += [f"--set={text}" for text in lists["set"]]
    words += [f"--seed={order['seed']}"] if order.get("seed") is not None else []
    return words + list(map(str, lists["options"]))


def _check_cron(expression: str) -> None:
    from dnne_ros.jobs.description.cron import check_cron

    try:
        check_cron(expression)
    except ValueError as error:
        raise InputError("cron", [str(error)]) from None


class _collected:
    """Takes the problems of an `InputError` over into a report of more."""

    def __init__(self, problems: Problems):
        self._problems = problems

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> bool:
        if not isinstance(error, InputError):
            return False
        for problem in error.problems:
            prefix = "" if error.source == self._problems.source else f"{error.source}: "
            self._problems.add(f"{prefix}{problem}")
        return True


@cache
def versions(folder: Path) -> dict[str, str]:
    """Return the versions of what a job runs on, and the revision of the Git tree it is from."""
    found = {}
    for name in _RECORDED:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    try:
        told = subprocess.run(["git", "-C", str(folder), "describe", "--always", "--dirty",
                               "--abbrev=40"], capture_output=True, text=True,
                              timeout=_GIT_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return found
    return {**found, "git": told.stdout.strip()} if told.returncode == 0 else found
