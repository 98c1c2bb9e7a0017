"""An end to models that have none: an ONNX ``Loop`` goes on for as long as its numbers say."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

LONGEST_SECONDS = 10.0
"""How long one action may take of a model that might have no end."""
_LOOP = b"Loop"
"""The name of the only operator that might not end, as it is in a model's file."""


class EndlessError(ValueError):
    """A model that had not ended after `LONGEST_SECONDS`."""


class LimitedSession:
    """An onnxruntime session whose runs are stopped when they take too long."""

    def __init__(self, session: Any, run_options: type):
        """Limit ``session``; ``run_options`` is onnxruntime's class of that name."""
        self._session = session
        self._run_options = run_options

    def __getattr__(self, name: str) -> Any:
        """Return whatever else a session has."""
        return getattr(self._session, name)

    def run(self, outputs: list[str] | None, feeds: Mapping[str, np.ndarray]) -> Sequence[Any]:
        """Return the outputs for ``feeds``; `EndlessError` if that takes too long."""
        options = self._run_options()
        options.log_severity_level = 4  # what goes wrong is raised, too
        timer = threading.Timer(LONGEST_SECONDS, setattr, (options, "terminate", True))
        timer.daemon = True
        timer.start()
        try:
            found: Sequence[Any] = self._session.run(outputs, feeds, options)
            return found
        except Exception:  # whatever onnxruntime makes of a model
            if options.terminate:
                raise EndlessError(
                    f"it has not ended after {LONGEST_SECONDS:g} s: it has a Loop") from None
            raise
        finally:
            timer.cancel()


def with_an_end(session: Any, model: bytes, run_options: type) -> Any:
    """Return ``session``, limited if its ``model`` might have no end.

    Others are left alone: a thread for each action would be a quarter of its time.
    """
    return LimitedSession(session, run_options) if _LOOP in model else session
