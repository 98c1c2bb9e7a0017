"""One seed for a run, and from it one for each node."""

from __future__ import annotations

import hashlib


def node_seed(run_seed: int, node_id: str) -> int:
    """Return a seed for ``node_id``, from 0 to 2**63 - 1.

    It depends on the two arguments only, not on the process or the platform, so that a node draws
    the same numbers wherever placement puts it.  Different nodes get unrelated seeds.
    """
    digest = hashlib.blake2b(f"{run_seed}/{node_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1
