"""The way to a field of a message: ``pose.position.x``, ``transforms[0].child_frame_id``."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from dnne_ros.messages.field_types import FieldType, fields_of, listed_fields
from dnne_ros.messages.message_types import type_name

_STEP = re.compile(r"([A-Za-z][A-Za-z0-9_]*)(\[(\d{0,9})\])?")
ALL = -1
"""The index of a step that goes through every element, ``transforms[]``."""


@dataclass(frozen=True)
class Step:
    """One name on the way; ``index`` is an element's number, `ALL`, or None for the field."""

    name: str
    index: int | None
    type: FieldType
    """What the step arrives at: with an index, one element."""
    whole: FieldType
    """The field's own type."""

    def __str__(self) -> str:
        if self.index is None:
            return self.name
        return f"{self.name}[{'' if self.index == ALL else self.index}]"


@dataclass(frozen=True)
class FieldPath:
    """A way through a message type that exists."""

    root: type
    steps: tuple[Step, ...]

    @property
    def type(self) -> FieldType:
        """Return what is at its end; without steps, the whole message."""
        name = type_name(self.root)
        return self.steps[-1].type if self.steps else FieldType(name, name)

    def __str__(self) -> str:
        return ".".join(map(str, self.steps)) or type_name(self.root)


def parse_path(root: type, text: str) -> FieldPath:
    """Return the path that ``text`` describes in the message class ``root``.

    ``name[2]`` is one element of an array, ``name[]`` is all of them, once on a path.  Raises
    ValueError for what the message has not, listing the fields that it has.
    """
    steps: list[Step] = []
    message = root
    for word in text.strip().split("."):
        match = _STEP.fullmatch(word)
        if match is None:
            raise ValueError(f"field {text!r:.80}: expected names such as position, "
                             f"pose.position.x or transforms[0].translation, found {word!r:.40}")
        step = _step(message, match[1], match[2], match[3], text)
        if step.index == ALL and any(earlier.index == ALL for earlier in steps):
            raise ValueError(f"field {text!r:.80}: [] can be there only once")
        steps.append(step)
        if len(steps) < text.count(".") + 1:
            message = _enter(step, text)
    return FieldPath(root, tuple(steps))


def parse_paths(root: type, text: str) -> tuple[FieldPath, ...]:
    """Return the paths of a list with commas; an empty text means the whole message."""
    if not text.strip():
        return (FieldPath(root, ()),)
    return tuple(parse_path(root, part) for part in text.split(","))


def _step(message: type, name: str, brackets: str | None, number: str | None, text: str) -> Step:
    known = fields_of(message)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else "."
        raise ValueError(f"field {text!r:.80}: {type_name(message)} has no {name!r:.40}{hint} "
                         f"Its fields are: {listed_fields(message)}")
    whole = known[name]
    if brackets is None:
        return Step(name, None, whole, whole)
    if not whole.repeated:
        raise ValueError(f"field {text!r:.80}: {name} is one {whole.text}, without elements")
    index = int(number) if number else ALL
    if whole.size is not None and index >= whole.size:
        raise ValueError(f"field {text!r:.80}: {name} has {whole.size} elements, 0 to "
                         f"{whole.size - 1}")
    return Step(name, index, whole.element, whole)


def _enter(step: Step, text: str) -> type:
    """Return the message type that ``step`` leads into."""
    if step.type.message is None:
        raise ValueError(f"field {text!r:.80}: {step} is {step.type.text}, which has no fields")
    if step.type.repeated:
        raise ValueError(f"field {text!r:.80}: {step} is {step.type.text}; write {step}[0] for "
                         f"one element or {step}[] for all")
    return step.type.message
