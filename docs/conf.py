"""The documentation site: `make docs` builds it, and rosdoc2 does for docs.ros.org."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]

project = "dnne_ros"
author = copyright = "The dnne_ros developers"
release = version = re.search(
    r'__version__ = "(.+?)"', (_ROOT / "dnne_ros/__init__.py").read_text(encoding="utf-8"))[1]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
html_theme = "sphinx_rtd_theme"
html_title = "dnne_ros"

# Pages are read on GitHub too: headings are linked as there.
myst_heading_anchors = 4
myst_enable_extensions = ["deflist"]

autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "signature"
napoleon_use_ivar = True
autodoc_mock_imports = [name for name in ("rclpy", "launch", "launch_ros", "torch")
                        if importlib.util.find_spec(name) is None]
default_role = "code"  # docstrings write `name` for names

# What lies outside of this folder, by the page here that shows it.
_SHOWN_BY = {
    "benchmarks/README.md": "benchmarks.md", "RESULTS.md": "benchmark_results.md",
    "benchmarks/RESULTS.md": "benchmark_results.md", "ppo_profile.md": "ppo_profile.md",
    "benchmarks/ppo_profile.md": "ppo_profile.md", "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.rst": "changelog.md", "LICENSE": "license.md"}
_OUTSIDE = re.compile(r"\]\((?:\.\./)*(" + "|".join(map(re.escape, _SHOWN_BY)) + r")(#[\w-]*)?\)")


def _keep_links_inside(text: str) -> str:
    return _OUTSIDE.sub(lambda link: f"](/{_SHOWN_BY[link[1]]}{link[2] or ''})", text)


def _says_nothing(app, what, name, member, skip, options):
    """Leave out fields of named tuples, which Python documents as aliases for numbers."""
    return skip or str(getattr(member, "__doc__", "")).startswith("Alias for field number")


def setup(app):
    """Let links to files outside of this folder lead to the pages that show them."""
    app.connect("autodoc-skip-member", _says_nothing)

    def rewrite(*arguments):
        content = arguments[-1]
        content[0] = _keep_links_inside(content[0])

    app.connect("source-read", rewrite)
    app.connect("include-read", rewrite)
