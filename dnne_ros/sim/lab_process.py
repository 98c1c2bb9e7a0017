"""Starts `lab_worker` under the interpreter that has mjlab or Isaac Lab."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dnne_ros.sim import lab_worker
from dnne_ros.sim.array_process import ArrayProcess

START_SECONDS = 1800.0
"""How long it may take to make environments: the first time, mjlab compiles for minutes."""
ANSWER_SECONDS = 120.0
"""How long it may take for a step: what a reset needs may be compiled in one."""
# The folder that has this package is in the way only while the worker is imported: what is beside
# it may belong to another interpreter.
_CODE = (f"import sys; sys.path = [*filter(None, sys.path)]; sys.path.insert(0, {{folder!r}}); "
         f"from {lab_worker.__name__} import main; sys.path.pop(0); main()")
_FOLDER = Path(__file__).parents[len(lab_worker.__name__.split(".")) - 1]


class LabProcess(ArrayProcess):
    """A running worker and the arrays that both sides map."""

    def __init__(self, what: str, python: str, install: str, request: Mapping[str, Any],
                 still_starting: Callable[[], object]):
        """Start the interpreter ``python`` with an ``open`` message; `hello` is its answer.

        ``what`` it is to have, and how to ``install`` it; ``still_starting`` as `ArrayProcess`.
        """
        self._python, self._install = python, install
        super().__init__(what, [python, "-u", "-c", _CODE.format(folder=str(_FOLDER))], request,
                         START_SECONDS, ANSWER_SECONDS, still_starting)

    def refusal(self, stage: str, message: str) -> str:
        """Say how to get a module that is not there."""
        if not stage.startswith("import"):
            return super().refusal(stage, message)
        return f"{self._python} cannot {stage} ({message}): {self._install} (docs/lab.md)"
