"""Names in a node's values that its type does not have: what is left of an older type, or a slip.

Newer versions of a type lose widgets, and files keep their values: nothing depends on these.  But
a name that may mean something that the file does not give is no residue: its value would be lost.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection

_NEAR = 0.75
_WORD = 3
"""Letters that two words have to begin with in common: out_features may be output_size."""


def meant_by(name: str, known: Collection[str], given: Collection[str]) -> list[str]:
    """Return which of the ``known`` names, of those that are not ``given``, a name may mean.

    That is one that differs by a few letters, or has a word in common: ``dropout_rate`` may be
    dropout, ``num_epochs`` max_epochs.  The likeliest come first; none: the name is residue.
    """
    free = [each for each in known if each not in given]
    close = difflib.get_close_matches(name, free, n=3, cutoff=_NEAR)
    related = [each for each in free if _share_a_word(name, each)]
    return list(dict.fromkeys([*close, *related]))


def _share_a_word(one: str, other: str) -> bool:
    return any(min(len(left), len(right)) >= _WORD and (left.startswith(right)
                                                        or right.startswith(left))
               for left in one.lower().split("_") for right in other.lower().split("_"))
