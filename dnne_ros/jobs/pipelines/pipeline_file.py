"""Pipelines as YAML: stages that are jobs, conditions over their reports, and where to go next."""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dnne_ros import strict_json
from dnne_ros.errors import InputError, Problems
from dnne_ros.jobs.description.job_file import KEYS, check_keys, read_yaml, spec_of_order
from dnne_ros.jobs.description.references import references
from dnne_ros.jobs.description.spec import METRIC, JobSpec, Task

_STAGE = ("when", "pass", "fail", "at_most", "seeds", "choices", "reduce", "metric")
_CONDITION = re.compile(r"\s*([A-Za-z_]\w*)\s*(>=|<=|==|!=|>|<)\s*(-?[\d.]+(?:e-?\d+)?)\s*")
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge, "<=": operator.le, "==": operator.eq, "!=": operator.ne,
    ">": operator.gt, "<": operator.lt}
REDUCTIONS = ("best", "mean")


@dataclass(frozen=True)
class Condition:
    """``mean_return >= 450``: a figure of a report, compared with a number."""

    figure: str
    comparison: str
    number: float

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Read one; ValueError if it is none."""
        match = _CONDITION.fullmatch(text)
        if match is None:
            raise ValueError("expected a condition such as mean_return >= 450, found "
                             f"{text!r:.60}")
        return cls(match[1], match[2], float(match[3]))

    def holds(self, figures: Mapping[str, Any]) -> bool:
        """Tell whether it holds; a figure that is not there makes it false."""
        value = figures.get(self.figure)
        return isinstance(value, (int, float)) \
            and _COMPARE[self.comparison](float(value), self.number)

    def __str__(self) -> str:
        return f"{self.figure} {self.comparison} {self.number:g}"


@dataclass(frozen=True)
class Stage:
    """A stage: its job, once or with each of ``choices`` as a further word, and where it leads.

    It passes if its jobs succeed and the condition holds.  ``passed`` and ``failed`` are the next
    stages, or nothing, where the pipeline ends: well behind a pass, badly behind a failure.  It
    runs ``at_most`` so many times.
    """

    spec: JobSpec
    when: Condition | None = None
    passed: str = ""
    failed: str = ""
    at_most: int = 1
    choices: tuple[str, ...] = ()
    reduce: str = "best"
    metric: str = METRIC


@dataclass(frozen=True)
class Plan:
    """A pipeline as it was written; it begins with the first stage."""

    name: str
    stages: Mapping[str, Stage]

    @property
    def first(self) -> str:
        """Return where it begins."""
        return next(iter(self.stages))

    def encode(self) -> str:
        """Return it as JSON."""
        return strict_json.dumps(asdict(self))

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Plan:
        """Return what `encode` has written."""
        return cls(values["name"], {
            name: Stage(**{**stage, "spec": JobSpec.from_json(stage["spec"]),
                           "when": Condition(**stage["when"]) if stage["when"] else None,
                           "choices": tuple(stage["choices"])})
            for name, stage in values["stages"].items()})


def read_pipeline(path: Path, trusted: tuple[str, ...] = ()) -> Plan:
    """Return the pipeline of a YAML file; `InputError` with everything that is wrong with it.

    ``trusted`` are the words by which the user lets code run, for all stages.
    """
    path = path.absolute()
    found = read_yaml(path)
    problems = Problems(str(path))
    check_keys(found, ("name", "stages"), problems)
    written = found.get("stages")
    if not isinstance(written, dict) or not written \
            or not all(isinstance(each, dict) for each in written.values()):
        problems.add("stages: expected names, each with a job")
        raise InputError(str(path), problems)
    stages = {str(name): _stage(str(name), content, path, trusted, problems)
              for name, content in written.items()}
    for name, stage in stages.items():
        _check_names(name, stage, stages, problems)
    problems.raise_if_any()
    _check_loops(stages, problems)
    problems.raise_if_any()
    return Plan(str(found.get("name") or path.stem), stages)


def _stage(name: str, content: Mapping[str, Any], path: Path, trusted: tuple[str, ...],
           problems: Problems) -> Stage:
    where = f"stage {name}: "
    if not name.isidentifier():
        problems.add(f"{where}expected letters, digits and _")
    check_keys(content, (*KEYS, *_STAGE), problems, where)
    values: dict[str, Any] = {}
    order = {key: value for key, value in content.items() if key in KEYS}
    for key in ("cron", "dedupe", "after", "after_any"):
        if order.pop(key, None) is not None:
            problems.add(f"{where}{key}: not in a pipeline")
    try:
        spec, _ = spec_of_order({"name": name, **order}, str(path), path.parent, trusted)
    except InputError as error:
        spec = None
        for problem in error.problems:
            problems.add(f"{where}{problem}")
    for key, read in (("when", Condition.parse), ("at_most", _times),
                      ("choices", _choices), ("seeds", _seeds), ("reduce", _reduction),
                      ("metric", str)):
        if content.get(key) is not None:
            try:
                values["choices" if key == "seeds" else key] = read(content[key])
            except ValueError as error:
                problems.add(f"{where}{key}: {error}")
    if content.get("choices") and content.get("seeds"):
        problems.add(f"{where}expected choices or seeds, found both")
    return Stage(spec or JobSpec(Task()), passed=str(content.get("pass") or ""),
                 failed=str(content.get("fail") or ""), **values)


def _times(value: Any) -> int:
    if not isinstance(value, int) or not 1 <= value <= 1000:
        raise ValueError(f"expected a whole number from 1 to 1000, found {value!r:.40}")
    return value


def _seeds(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, int) for each in value):
        raise ValueError(f"expected a list of whole numbers, found {value!r:.40}")
    return _choices([f"--seed={seed}" for seed in value])


def _choices(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or len(set(map(str, value))) != len(value):
        raise ValueError(f"expected a list of different words, found {value!r:.40}")
    return tuple(map(str, value))


def _reduction(value: Any) -> str:
    if value not in REDUCTIONS:
        raise ValueError(f"expected {' or '.join(REDUCTIONS)}, found {value!r:.40}")
    return str(value)


def _check_names(name: str, stage: Stage, stages: Mapping[str, Stage],
                 problems: Problems) -> None:
    def check(other: str, what: str) -> None:
        if other and other not in stages:
            near = difflib.get_close_matches(other, stages, 1)
            problems.add(f"stage {name}: {what}: there is no stage {other!r:.40}"
                         + (f"; did you mean {near[0]}?" if near else ""))
    check(stage.passed, "pass")
    check(stage.failed, "fail")
    for other, what in references(*stage.spec.task.words, *map(
            str, stage.spec.task.arguments.values())):
        check(other, f"{{{other}.{what}}}")


def _check_loops(stages: Mapping[str, Stage], problems: Problems) -> None:
    """Note a circle of routes in which every stage may run once only: it cannot be gone twice."""
    path: list[str] = []
    seen: set[str] = set()

    def walk(name: str) -> None:
        if name in path:
            circle = path[path.index(name):]
            if all(stages[each].at_most == 1 for each in circle):
                problems.add(f"the routes {' → '.join([*circle, name])} lead in a circle, and no "
                             "stage of it has at_most: how often may it run?")
            return
        if name in seen:
            return
        seen.add(name)
        path.append(name)
        for other in filter(None, (stages[name].passed, stages[name].failed)):
            walk(other)
        path.pop()
    for name in stages:
        walk(name)
