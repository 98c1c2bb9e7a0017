"""What is wrong in a workflow, as the front end shows it: at the node and port where it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from dnne_ros.errors import Problem

_GENERAL = "invalid_prompt"
_KIND = "custom_validation_failed"
"""The kind of error of which the front end shows the server's own words, those of the details."""
_QUOTED = re.compile(r"'([^']*)'$")


def refused_prompt(problems: Iterable[Problem]) -> dict[str, Any]:
    """Return the body with which a run is refused, of all its problems.

    Those that no node can be blamed for are the text above the others.
    """
    problems = list(problems)
    general = [problem.message for problem in problems if problem.node is None]
    count = f"{len(problems)} problems" if len(problems) > 1 else "1 problem"
    return {"error": {"type": _GENERAL, "message": f"{count} in this workflow",
                      "details": "\n".join(general), "extra_info": {}},
            "node_errors": node_errors(problems)}


def node_errors(problems: Iterable[Problem]) -> dict[str, Any]:
    """Return the problems of nodes by node id, each in the words of the command line."""
    errors: dict[str, Any] = {}
    for problem in problems:
        if problem.node is None:
            continue
        entry = errors.setdefault(problem.node, {
            "class_type": problem.type or "", "dependent_outputs": [], "errors": []})
        entry["errors"].append({
            "type": _KIND, "message": problem.message,
            "details": f"{problem.port}: {problem.message}" if problem.port else problem.message,
            "extra_info": _place(problem)})
    return errors


def _place(problem: Problem) -> Mapping[str, str]:
    """Return the port or widget at which the front end puts a mark: ``input 'reward'``."""
    if not problem.port:
        return {}
    quoted = _QUOTED.search(problem.port)
    return {"input_name": quoted[1] if quoted else problem.port}
