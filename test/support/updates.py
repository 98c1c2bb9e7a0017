"""Updates of policies, run to their end."""


def finish(update):
    """Return how often an update paused, and what it returns."""
    pauses = 0
    while True:
        try:
            next(update)
        except StopIteration as end:
            return pauses, end.value
        pauses += 1
