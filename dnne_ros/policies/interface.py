"""What a policy is connected to: what each number means that goes in or comes out.

Format 2.  A policy that is fed joints in another order, other units or at another rate still
gives numbers, and in simulation often stands; so each field is compared, by its name.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from dnne_ros.errors import InputError

T = TypeVar("T")

FORMAT = 2
JOINT_STATE = "state/joint/"
"""With it begin the kinds of what a joint state has."""
HISTORY_ORDERS = ("time", "term")
_MOST_SAMPLES = 10_000
QUANTITIES = ("position", "velocity", "effort")
"""What a joint state has, as in sensor_msgs/JointState."""


@dataclass(frozen=True)
class ObservationTerm:
    """Columns of the observation that belong together.

    ``kind``: what they are, in LEAPP's words (``state/joint/position``); "" if that is not known.
    ``columns``: a name for each, joints where they are of joints; ``units`` likewise.  ``frame``
    and ``quaternion_order`` (``xyzw`` or ``wxyz``): "" where there is none.  What is measured,
    less ``offset``, times ``scale``, within ``clip``, is what the network gets; each is a number
    for each column, None: as it is.  ``history``: so many samples of it, oldest first, all
    columns of one time after the other (``time``) or all times of one column (``term``).
    """

    name: str
    kind: str
    columns: tuple[str, ...]
    units: tuple[str, ...]
    frame: str = ""
    quaternion_order: str = ""
    offset: tuple[float, ...] | None = None
    scale: tuple[float, ...] | None = None
    clip: tuple[float, float] | None = None
    history: int = 1
    history_order: str = "time"

    @property
    def names(self) -> tuple[str, ...]:
        """Return a name for each number of it, those of its history included, in their order."""
        quantity = self.kind.removeprefix(JOINT_STATE) if self.kind.startswith(JOINT_STATE) else ""
        now = [f"{column}.{quantity}" if quantity else column for column in self.columns]
        if self.history == 1:
            return tuple(now)
        ages = list(range(1 - self.history, 1))
        ages = ages * len(now) if self.history_order == "term" else [
            age for age in ages for _ in now]
        return tuple(f"{name}[{age}]" for name, age in zip(self.spread(now), ages, strict=True))

    def spread(self, values: Sequence[T]) -> list[T]:
        """Return, of a value for each column, one for each number: see `names`."""
        if self.history_order == "term":
            return [value for value in values for _ in range(self.history)]
        return [*values] * self.history

    def check(self) -> None:
        """Raise ValueError for a history that cannot be."""
        if not 1 <= self.history <= _MOST_SAMPLES:
            raise ValueError(f"history: expected 1 to {_MOST_SAMPLES} samples, found "
                             f"{self.history}")
        if self.history_order not in HISTORY_ORDERS:
            raise ValueError(f"history_order: expected one of {', '.join(HISTORY_ORDERS)}, found "
                             f"{self.history_order!r:.40}")


@dataclass(frozen=True)
class ActionTerm:
    """What the policy commands.

    The network's output, within ``clip``, times ``scale``, plus ``offset``, is the command in
    ``units``; each is a number for each column, None: as it is.  ``limits``: (least, greatest) of
    each command, which is kept within them.  ``kp`` and ``kd``: gains by joint that the policy was
    trained with, in the units of command by unit of error.
    """

    kind: str
    columns: tuple[str, ...]
    units: tuple[str, ...]
    scale: tuple[float, ...] | None = None
    offset: tuple[float, ...] | None = None
    clip: tuple[float, float] | None = None
    limits: tuple[tuple[float, float], ...] | None = None
    kp: Mapping[str, float] = field(default_factory=dict)
    kd: Mapping[str, float] = field(default_factory=dict)

    def command(self, actions: np.ndarray) -> np.ndarray:
        """Return float32 (n, columns) of what a network gives, in `units`."""
        if self.clip is not None:
            actions = np.clip(actions, *map(np.float32, self.clip))
        if self.scale is not None:
            actions = actions * np.array(self.scale, np.float32)
        if self.offset is not None:
            actions = actions + np.array(self.offset, np.float32)
        if self.limits is not None:
            actions = np.clip(actions, *np.array(self.limits, np.float32).T)
        return actions.astype(np.float32)


@dataclass(frozen=True)
class Interface:
    """All that has to be the same where a policy was trained and where it runs.

    ``rate_hz``: how often it sees observations and acts.  ``step_seconds`` of the simulation and
    ``decimation``, the steps for one action; None: not known.  ``inside``: what the network does
    itself (``normalization``, ``observation_clip``, ``action_clip``, ``action_scale``,
    ``action_offset``, ``action_limits``).  ``states``: names of what it carries from one action to
    the next.  ``checkpoint``: the SHA-256 of the manifest, or of another program's file, that it
    came from.
    """

    task: str
    joints: tuple[str, ...]
    rate_hz: float
    observations: tuple[ObservationTerm, ...]
    actions: ActionTerm
    step_seconds: float | None = None
    decimation: int | None = None
    inside: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    checkpoint: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of an observation's columns: ``joint.quantity`` where it is one.

        Of a history: ``joint.quantity[-1]`` is what it was one action ago.
        """
        return tuple(name for term in self.observations for name in term.names)

    def to_json(self) -> dict[str, Any]:
        """Return JSON values, every number with all its digits."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self), allow_nan=False))
        return {"format": FORMAT, **plain}

    @classmethod
    def from_json(cls, document: Any) -> Interface:
        """Undo `to_json`; ValueError naming the field that is not as it should be."""
        if not isinstance(document, Mapping) or document.get("format") != FORMAT:
            raise ValueError(f"not a policy interface of format {FORMAT}")
        content = {name: value for name, value in document.items() if name != "format"}
        terms = content.get("observations")
        if not isinstance(terms, list):
            raise ValueError(f"observations: expected a list of terms, found {terms!r:.80}")
        content["observations"] = [
            _made(ObservationTerm, term, f"observations[{number}]")
            for number, term in enumerate(terms)]
        content["actions"] = _made(ActionTerm, content.get("actions"), "actions")
        interface: Interface = _made(cls, content, "")
        interface._check()
        return interface

    def _check(self) -> None:
        """Raise ValueError for fields that contradict one another."""
        if not (math.isfinite(self.rate_hz) and self.rate_hz > 0):
            raise ValueError(f"rate_hz: expected a rate, found {self.rate_hz}")
        terms: dict[str, ObservationTerm | ActionTerm] = {
            f"observations.{term.name}": term for term in self.observations}
        for name, term in {**terms, "actions": self.actions}.items():
            for each in ("units", "offset", "scale", "limits"):
                values = getattr(term, each, None)
                if values is not None and len(values) != len(term.columns):
                    raise ValueError(f"{name}.{each}: expected {len(term.columns)}, one for each "
                                     f"column, found {len(values)}")
        for term in self.observations:
            try:
                term.check()
            except ValueError as error:
                raise ValueError(f"observations.{term.name}.{error}") from None


def read_interface(path: Path, data: bytes) -> Interface:
    """Return the interface in a file; `InputError` naming the field that is wrong."""
    try:
        return Interface.from_json(json.loads(data.decode("utf-8")))
    except (ValueError, RecursionError) as error:
        raise InputError(str(path), [str(error)]) from None


def differences(expected: Any, found: Any, name: str = "") -> list[str]:
    """Return what is not the same in two JSON values, each with the name of its field."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        return [line for key in dict.fromkeys((*expected, *found))
                for line in differences(expected.get(key), found.get(key), _below(name, key))]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found) \
            and all(isinstance(each, Mapping) for each in (*expected, *found)):
        return [line for number, (one, other) in enumerate(zip(expected, found, strict=True))
                for line in differences(one, other, f"{name}[{number}]")]
    if _same(expected, found):
        return []
    return [f"{name}: expected {_text(expected)}, found {_text(found)}"]


def _same(one: Any, other: Any) -> bool:
    """Tell whether two values are equal, numbers up to a difference that no robot feels."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if type(one) in (int, float) and type(other) in (int, float):
        return math.isclose(one, other, rel_tol=1e-9)
    return type(one) is type(other) and bool(one == other)


def _made(kind: type, content: Any, place: str) -> Any:
    """Return an instance of a dataclass; ValueError naming what is missing or unknown."""
    if not isinstance(content, Mapping):
        raise ValueError(f"{place}: expected an object, found {content!r:.80}")
    known = {each.name for each in fields(kind)}
    for name in content:
        if name not in known:
            raise ValueError(f"{_below(place, name)}: unknown; known are "
                             f"{', '.join(sorted(known))}")
    hints = get_type_hints(kind)
    values = {}
    for name, value in content.items():
        values[name] = _tuples(value)
        if not _fits(values[name], hints[name]):
            raise ValueError(f"{_below(place, name)}: expected {_words(hints[name])}, found "
                             f"{_text(value)}")
    try:
        return kind(**values)
    except TypeError as error:  # a field without a default is missing
        raise ValueError(f"{place or 'interface'}: {str(error).partition('() ')[2]}") from None


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _fits(value: Any, hint: Any) -> bool:
    """Tell whether a value, lists in it being tuples, is what a field's type says."""
    kind, parts = get_origin(hint), get_args(hint)
    if kind in (Union, UnionType):
        return any(_fits(value, part) for part in parts)
    if kind is tuple:
        if not isinstance(value, tuple):
            return False
        each = parts[:1] * len(value) if parts[1:] == (...,) else parts
        return len(value) == len(each) and all(map(_fits, value, each))
    if kind is Mapping:
        return isinstance(value, dict) and all(_fits(each, parts[1]) for each in value.values())
    if hint is float:
        return type(value) in (int, float) and math.isfinite(value)
    return type(value) is hint


def _words(hint: Any) -> str:
    """Return a field's type for a person: ``a list of numbers, or null``."""
    kind, parts = get_origin(hint), get_args(hint)
    if kind in (Union, UnionType):
        return ", or ".join(map(_words, parts))
    if kind is tuple:
        return f"a list of {_words(parts[0])}s" if parts[1:] == (...,) else \
            f"{len(parts)} {_words(parts[0])}s"
    if kind is Mapping:
        return f"{_words(parts[1])}s by name"
    return {str: "text", float: "number", int: "whole number"}.get(
        hint, "null" if hint is NoneType else "object")


def _below(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:200]
