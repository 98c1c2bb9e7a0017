"""The `links` of a UI file: lists or objects, slots still being indices."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dnne_ros.errors import Problems
from dnne_ros.workflow.node_head import read_id, read_slot
from dnne_ros.workflow.residue import note
from dnne_ros.workflow.shown import shown

FIELDS = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")


@dataclass(frozen=True)
class UiLink:
    """An entry of the table of links."""

    id: str
    source: str
    source_slot: int
    target: str
    target_slot: int
    type: str


@dataclass
class UiLinks:
    """The table of links by id, in the file's order.

    ``complete`` is False where an entry could not be read: what names a link that is not there
    may mean that one.
    """

    by_id: dict[str, UiLink] = field(default_factory=dict)
    complete: bool = True

    def add(self, others: UiLinks) -> None:
        """Take in the links of a further canvas."""
        self.by_id.update(others.by_id)
        self.complete = self.complete and others.complete


def read_ui_links(entries: Any, problems: Problems, prefix: str = "") -> UiLinks:
    """Return the links of one canvas; ``prefix`` goes before the ids of links and nodes."""
    links = UiLinks()
    if isinstance(entries, dict):
        note(problems, "its links are an object by id, as editors keep them in memory; expected "
                       "a list")
        entries = list(entries.values())
    if entries is None:
        return links
    if not isinstance(entries, list):
        problems.add(f"expected links to be a list, found {shown(entries)}")
        links.complete = False
        return links
    for index, entry in enumerate(entries):
        if entry is None:
            note(problems, f"entry {index} of links is null")
            continue
        link = _read_link(entry, prefix)
        if link is None:
            links.complete = False
            problems.add(
                f"expected entry {index} of links to be [id, from_node, from_slot, to_node, "
                f"to_slot, type] or an object with {', '.join(FIELDS)}, found {_contents(entry)}")
            continue
        first = links.by_id.setdefault(link.id, link)
        if first is not link and _ends(first) == _ends(link):
            note(problems, f"link {link.id} is there twice")
        elif first is not link:
            problems.add(f"two links have the id {link.id}: {_ends(first)} and {_ends(link)}; "
                         "each id must be one link's own")
    return links


def _read_link(entry: Any, prefix: str) -> UiLink | None:
    if isinstance(entry, dict):
        entry = [entry.get(name) for name in FIELDS]
    if not isinstance(entry, list) or len(entry) < 5:
        return None
    id_, source, target = read_id(entry[0]), read_id(entry[1]), read_id(entry[3])
    source_slot, target_slot = read_slot(entry[2]), read_slot(entry[4])
    if (id_ is None or source is None or target is None
            or source_slot is None or target_slot is None):
        return None
    type_ = entry[5] if len(entry) > 5 and isinstance(entry[5], str) else ""
    return UiLink(prefix + id_, prefix + source, source_slot, prefix + target, target_slot, type_)


def _contents(entry: Any) -> str:
    if isinstance(entry, list):
        return "[" + ", ".join(map(shown, entry[:len(FIELDS)])) + "]"
    if isinstance(entry, dict):
        return ", ".join(f"{name}: {shown(entry.get(name))}" for name in FIELDS)
    return shown(entry)


def _ends(link: UiLink) -> str:
    return (f"slot {link.source_slot} of node {link.source} to slot {link.target_slot} of node "
            f"{link.target}")
