"""The site: every public module has its place in the API reference."""

import re


def test_the_reference_names_every_public_module(repository):
    named = set(re.findall(r"automodule:: ([\w.]+)", (repository / "docs/api.md").read_text()))
    public = {".".join(path.relative_to(repository).with_suffix("").parts)
              for room in ("node_api", "toolkit", "testing")
              for path in (repository / "dnne_ros" / room).rglob("*.py")
              if path.name != "__init__.py"}
    assert public <= named, sorted(public - named)
