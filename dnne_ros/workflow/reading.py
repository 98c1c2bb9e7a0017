"""The way in: a workflow file of either format becomes a `Workflow`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dnne_ros.errors import InputError, Problems
from dnne_ros.workflow.api_format import is_api_format, parse_api
from dnne_ros.workflow.json_text import load_json
from dnne_ros.workflow.prompt_body import add_canvas, unwrap_prompt
from dnne_ros.workflow.records import PortRef, Workflow
from dnne_ros.workflow.shown import shown
from dnne_ros.workflow.signature import SignatureLookup
from dnne_ros.workflow.ui_format import is_ui_format, parse_ui

FilePath = str | os.PathLike[str]


def read_workflow(path: FilePath, signature_of: SignatureLookup, *,
                  slots_from: FilePath | None = None) -> tuple[Workflow, Problems]:
    """Read the workflow file at ``path`` and collect what is wrong in it.

    `InputError` is raised at once for a file that holds no graph.  All other problems come back
    with the workflow, for the caller to add its own and raise them together.  ``slots_from`` is
    the UI file of the same graph, for an API file whose slots have collapsed to 0.
    """
    return parse_workflow(load_json(path), Path(path).stem, str(path), signature_of,
                          slots_from=slots_from)


def parse_workflow(document: Any, name: str, path: str, signature_of: SignatureLookup, *,
                   slots_from: FilePath | None = None) -> tuple[Workflow, Problems]:
    """Parse a workflow that is loaded already, as `read_workflow` does; ``path`` names it."""
    problems = Problems(path)
    body = unwrap_prompt(document)
    if body is not None:
        document = body.graph
    if is_ui_format(document):
        workflow = parse_ui(document, name, path, signature_of, problems)
        if slots_from is not None:
            problems.add(f"is in the UI format, which has its own slots: {slots_from} is of no "
                         "use here")
    elif is_api_format(document):
        sources = {} if slots_from is None else _true_sources(slots_from, signature_of, problems)
        workflow = parse_api(document, name, path, signature_of, problems, sources)
        if body is not None and body.canvas is not None:
            workflow = add_canvas(workflow, body.canvas, signature_of)
    elif document == {}:
        raise InputError(path, ["holds an empty graph"])
    else:
        raise InputError(path, [_neither(document)])
    if not workflow.nodes and not problems:
        raise InputError(path, ["holds an empty graph: no node in it takes part"])
    return workflow, problems


def _neither(document: Any) -> str:
    found = f"an object with {', '.join(map(shown, list(document)[:5]))}" \
        if isinstance(document, dict) else shown(document)
    return ('is not a workflow: expected the UI format, {"nodes": [...], "links": [...]}, or the '
            'API format, {"3": {"class_type": "...", "inputs": {...}}}; found ' + found)


def _true_sources(path: FilePath, signature_of: SignatureLookup,
                  problems: Problems) -> Mapping[PortRef, PortRef]:
    """Return the source of each input in the UI file at ``path``."""
    document = load_json(path)
    if not is_ui_format(document):
        raise InputError(str(path), ["expected a UI file to take slots from: "
                                     '{"nodes": [...], "links": [...]}'])
    found = Problems(str(path))
    workflow = parse_ui(document, Path(path).stem, str(path), signature_of, found)
    for problem in found:
        problems.add(f"{path}: {problem}")
    return {link.target: link.source for link in workflow.links}
