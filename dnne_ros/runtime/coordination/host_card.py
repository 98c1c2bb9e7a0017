"""What a process of one host says of itself to those of the others before the run begins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dnne_ros.transport.identity import MOST
from dnne_ros.transport.seal import Seal

_MOST_BYTES = 16_384


@dataclass(frozen=True)
class HostCard:
    """One process of one host.

    ``incarnation`` tells it from one that has had its place.  ``version`` is that of the package,
    ``about`` what has to be equal on all hosts, by its name.  ``run`` is the number of the run
    that it takes part in, or empty while it knows of none; ``begun``: its nodes run.  ``waited``:
    for so many seconds it has been there.  ``knows``: the incarnations that it has heard of, by
    process: a card that knows us is no record of an earlier run.
    """

    host: str
    process: str
    incarnation: int
    version: str
    about: Mapping[str, str]
    run: str = ""
    begun: bool = False
    waited: float = 0.0
    knows: Mapping[str, int] = field(default_factory=dict)

    def to_text(self, seal: Seal) -> str:
        """Return the card as JSON, behind what shows that it is of this run."""
        body = json.dumps({**vars(self), "about": dict(self.about), "knows": dict(self.knows)},
                          sort_keys=True)
        return f"{seal.tag(body.encode()).hex()} {body}"

    @classmethod
    def from_text(cls, text: str, seal: Seal) -> tuple[HostCard, bool]:
        """Read a card, and whether whoever wrote it has the key; ValueError if it is none."""
        shown, _, body = text.partition(" ")
        if len(text) > _MOST_BYTES:
            raise ValueError(f"expected a card of a host, found {len(text)} characters")
        said = json.loads(body)
        if not isinstance(said, dict):
            raise ValueError("expected a card of a host, found no object")
        card = cls(_text(said, "host"), _text(said, "process"), _number(said.get("incarnation")),
                   _text(said, "version"), _about(said.get("about")), _text(said, "run"),
                   said.get("begun") is True, float(said.get("waited", 0.0)),
                   _incarnations(said.get("knows")))
        return card, seal.fits(bytes.fromhex(shown), body.encode())

    def now(self, run: str, begun: bool, waited: float, knows: Mapping[str, int]) -> HostCard:
        """Return the card as it is later."""
        return replace(self, run=run, begun=begun, waited=waited, knows=knows)


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str):
        raise ValueError(f"expected a text for {name!r}, found {value!r:.40}")
    return value


def _number(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= MOST:
        raise ValueError(f"no number of a process: {value!r:.40}")
    return value


def _about(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise ValueError(f"expected texts by name, found {value!r:.40}")
    return value


def _incarnations(value: Any) -> dict[str, int]:
    if not isinstance(value, dict):
        raise ValueError(f"expected numbers by process, found {value!r:.40}")
    return {process: _number(each) for process, each in value.items()}
