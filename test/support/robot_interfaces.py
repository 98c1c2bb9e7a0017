"""Interfaces of robots, as files that a person would write."""

import json


def interface_document(observations, joints, **changes):
    """Return an interface of ``observations`` columns that commands positions of ``joints``."""
    columns = [f"sensed_{number}" for number in range(observations)]
    document = {
        "format": 2, "task": "Walk", "joints": list(joints), "rate_hz": 50.0,
        "observations": [{"name": "sensed", "kind": "", "columns": columns,
                          "units": [""] * observations}],
        "actions": {"kind": "command/joint/position", "columns": list(joints),
                    "units": ["rad"] * len(joints)}}
    document["actions"] |= changes.pop("actions", {})
    return document | changes


def write_interface(folder, *args, **changes):
    """Write such an interface; returns its file."""
    path = folder / "robot.json"
    path.write_text(json.dumps(interface_document(*args, **changes)))
    return path
