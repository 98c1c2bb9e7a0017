"""How long to wait before trying again."""

from __future__ import annotations

BACK_OFFS = ("immediate", "linear", "exponential", "fibonacci")


def pause(back_off: str, failures: int, first: float, cap: float) -> float:
    """Return the seconds to wait after ``failures`` ≥ 1 failed attempts.

    ``immediate``: 0.  ``linear``: first · n.  ``exponential``: first · 2ⁿ⁻¹.  ``fibonacci``:
    first · F(n) with F = 1, 1, 2, 3, 5, ….  At most ``cap``.
    """
    if back_off == "immediate":
        return 0.0
    if back_off == "linear":
        return min(cap, first * failures)
    seconds = following = first
    for _ in range(failures - 1):
        if seconds >= cap:
            break
        if back_off == "exponential":
            seconds *= 2.0
        else:
            seconds, following = following, seconds + following
    return min(cap, seconds)
