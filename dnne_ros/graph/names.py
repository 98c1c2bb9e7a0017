"""Legal, unique and stable ROS names for graphs and nodes."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

_WORD_BREAK = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_MAX_LENGTH = 60  # DDS takes 247 characters for namespace, node and port together


def to_ros_name(text: str, prefix: str = "graph") -> str:
    """Return ``text`` as a token that is legal in ROS names: ``PPOAgent`` → ``ppo_agent``.

    Letters outside ASCII are transliterated where Unicode decomposes them.  A token that would
    be empty is ``prefix``; one that would start with a digit gets ``prefix`` before it.
    """
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = _WORD_BREAK.sub("_", ascii_text)
    token = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:_MAX_LENGTH].strip("_")
    if not token:
        return prefix
    return f"{prefix}_{token}" if token[0].isdigit() else token


def node_ros_names(nodes: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return a unique ROS node name for each ``(id, type)``.

    ``("3", "PPOAgentNode")`` gives ``ppo_agent_3``.  Names depend on the node's own id and type,
    not on the order in the file.  When different nodes give the same name, it goes to the one
    whose id is in it unchanged, if that is one; the others get a digest of the true id as well.
    """
    names: dict[str, str] = {}
    wanted: dict[str, list[str]] = {}
    faithful: dict[str, list[str]] = {}
    for node_id, type_name in nodes:
        base = to_ros_name(type_name.removesuffix("Node"), "node")
        token = re.sub(r"[^a-z0-9]+", "_", node_id.lower()).strip("_")[:_MAX_LENGTH].strip("_")
        names[node_id] = f"{base}_{token}".strip("_")
        wanted.setdefault(names[node_id], []).append(node_id)
        if token == node_id:
            faithful.setdefault(names[node_id], []).append(node_id)
    for name, ids in wanted.items():
        if len(ids) > 1:
            for node_id in ids:
                if faithful.get(name) != [node_id]:
                    digest = hashlib.sha256(node_id.encode("utf-8", "surrogatepass")).hexdigest()
                    names[node_id] = f"{name}_{digest[:8]}"
    return names
