"""Times that come again and again, as a cron expression says them."""

from __future__ import annotations

import time
from datetime import datetime

from croniter import croniter


def check_cron(expression: str) -> None:
    """Raise ValueError unless it is a cron expression of five fields."""
    if len(expression.split()) != 5 or not croniter.is_valid(expression):
        raise ValueError(f"expected minute, hour, day, month and weekday such as '0 2 * * *', "
                         f"found {expression!r:.40}")


def next_time(expression: str, after: float) -> float:
    """Return the first time of the expression behind ``after``, in seconds since 1970.

    It is meant by the calendar of this machine, so that two o'clock stays that when clocks change.
    """
    here = datetime(*time.localtime(after)[:6])  # noqa: DTZ001 - so are the fields meant
    return time.mktime(croniter(expression, here).get_next(datetime).timetuple())
