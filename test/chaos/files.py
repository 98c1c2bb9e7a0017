"""The files in a run's folder by which its nodes and the harness know of each other."""

import struct
from pathlib import Path

FAULTS = Path("faults.json")
"""What goes wrong in every process."""
HOLD = Path("hold")
"""Exists once sources are to send no more than the harness says."""
RECORD = struct.Struct("<2IQ")
"""Of an item that a sink has taken: the process id, the item's size and value."""
NUMBER = struct.Struct("<Q")


def total_of(group):
    """Return the file that says how many items the sources of a group send in all."""
    return Path(f"total_{group}")


def progress_of(node):
    """Return the file that holds how many items a source has begun to send at the most."""
    return Path(f"progress_{node.rpartition('/')[2]}")


def rounds_of(node):
    """Return the file with a `NUMBER` for each round of a node in the middle."""
    return Path(f"rounds_{node.rpartition('/')[2]}")


def taken_by(node):
    """Return the file with a `RECORD` of each item that a sink has taken."""
    return Path(f"taken_{node.rpartition('/')[2]}")


def started_of(process_id):
    """Return the file that is there once the nodes of a process run."""
    return Path(f"started_{process_id}")


def place_of(process_id, port):
    """Return the file with how far an input (``keep_6/taken``) is: two `NUMBER`s.

    How many items its node has taken, and is through with.  Its process writes it about once a
    second.
    """
    return Path(f"place_{process_id}_{port.replace('/', '.')}")
