"""The dashboard as a part of the server."""

from __future__ import annotations

from pathlib import Path

from dnne_ros.web.application import Part
from dnne_ros.web.page_files import file_routes

_PAGE = Path(__file__).with_name("page")


def dashboard_part() -> Part:
    """Return the dashboard, at ``/``."""
    return Part("dashboard", routes=file_routes("/", _PAGE))
