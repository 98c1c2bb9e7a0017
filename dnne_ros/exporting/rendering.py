"""Renders the templates; they are files of the package, in ``templates/``."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from typing import Any

import jinja2

from dnne_ros.exporting.literals import comment, plain, python_literal, yaml_key, yaml_literal
from dnne_ros.exporting.source_edits import mark_long_lines


def templates_of(room: str, **filters: Callable[[Any], str]) -> jinja2.Environment:
    """Return the templates of a room, which turn values into literals with ``filters``."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(room), undefined=jinja2.StrictUndefined,
        autoescape=jinja2.select_autoescape(("xml.j2",), default=False),
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    environment.filters.update(filters)
    return environment


@functools.lru_cache
def _environment() -> jinja2.Environment:
    return templates_of(
        "dnne_ros.exporting", literal=python_literal, yaml=yaml_literal, yaml_key=yaml_key,
        comment=comment, cell=_cell)


def render(template: str, **values: Any) -> str:
    """Return a template filled in; Python code with its long lines marked for flake8."""
    text = _environment().get_template(template).render(**values)
    return mark_long_lines(text) if template.endswith(".py.j2") else text


def import_block(imports: Iterable[tuple[str, str]]) -> str:
    """Return ``from module import name`` lines in the order that ament_flake8 wants."""
    names_of: dict[str, set[str]] = {}
    for module, name in imports:
        names_of.setdefault(module, set()).add(name)
    lines = []
    for module in sorted(names_of, key=lambda module: (module.lower(), module)):
        names = sorted(names_of[module], key=lambda name: (name.lower(), name))
        line = f"from {module} import {', '.join(names)}"
        if len(line) > 99 and len(names) > 1:
            line = f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"
        lines.append(line)
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Return text for a cell of a Markdown table."""
    return re.sub(r"([|<>\[\]*_#!&])", r"\\\1", plain(text)) or " "
