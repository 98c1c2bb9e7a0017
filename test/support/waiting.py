"""Waiting for what other processes bring about, as long as there is a point in it."""

import time

from patience import Patience, own_family

_POLL_SECONDS = 0.02


def until(condition, *commands):
    """Return what ``condition()`` returns once that is true; ``commands`` are waited for, too."""
    patience = Patience(lambda: [*own_family(), *(pid for each in commands
                                                  for pid in each.family())])
    while not (found := condition()):
        assert not (reason := patience.spent()), reason
        time.sleep(_POLL_SECONDS)
    return found
