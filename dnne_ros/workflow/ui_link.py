"""The `links` of a UI file: lists or objects, slots still being indices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dnne_ros.errors import Problems
from dnne_ros.workflow.node_head import read_id, read_slot
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


def read_ui_links(entries: Any, problems: Problems) -> dict[str, UiLink]:
    """Return the links by id, in the file's order."""
    if entries is None:
        return {}
    if not isinstance(entries, list):
        problems.add(f"expected links to be a list, found {shown(entries)}")
        return {}
    links: dict[str, UiLink] = {}
    for index, entry in enumerate(entries):
        link = _read_link(entry)
        if link is None:
            problems.add(
                f"expected entry {index} of links to be [id, from_node, from_slot, to_node, "
                f"to_slot, type] or an object with {', '.join(FIELDS)}, found {_contents(entry)}")
        elif link.id in links:
            problems.add(f"two links have the id {link.id}: {_ends(links[link.id])} and "
                         f"{_ends(link)}; each id must be one link's own")
        else:
            links[link.id] = link
    return links


def _read_link(entry: Any) -> UiLink | None:
    if isinstance(entry, dict):
        entry = [entry.get(field) for field in FIELDS]
    if not isinstance(entry, list) or len(entry) < 5:
        return None
    id_, source, target = read_id(entry[0]), read_id(entry[1]), read_id(entry[3])
    source_slot, target_slot = read_slot(entry[2]), read_slot(entry[4])
    if (id_ is None or source is None or target is None
            or source_slot is None or target_slot is None):
        return None
    type_ = entry[5] if len(entry) > 5 and isinstance(entry[5], str) else ""
    return UiLink(id_, source, source_slot, target, target_slot, type_)


def _contents(entry: Any) -> str:
    if isinstance(entry, list):
        return "[" + ", ".join(map(shown, entry[:len(FIELDS)])) + "]"
    if isinstance(entry, dict):
        return ", ".join(f"{field}: {shown(entry.get(field))}" for field in FIELDS)
    return shown(entry)


def _ends(link: UiLink) -> str:
    return (f"slot {link.source_slot} of node {link.source} to slot {link.target_slot} of node "
            f"{link.target}")
