"""What a drawing is made into for use elsewhere: a picture, a ROS 2 package, a trained policy."""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dnne_ros.editor.drawn_graph import DrawnGraph
from dnne_ros.errors import DnneError, InputError
from dnne_ros.exporting.package import file_bytes, package_files
from dnne_ros.exporting.package_names import default_package_name
from dnne_ros.graph.drawing import draw
from dnne_ros.placement.planning import place

_POLICY_SECONDS = 300
_ZIP = "application/zip"
# The same files give the same archive, whenever it is made.
_STAMP = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Exported:
    """A file for a browser to keep."""

    name: str
    kind: str
    content: bytes


def export(kind: str, drawn: DrawnGraph, placed: str, checkpoint: Path | None) -> Exported:
    """Return a drawing as a ``package``, an ``svg``, or the ``policy`` of its checkpoint.

    ``placed`` is what ``--place`` says.  `InputError` where that cannot be made.
    """
    if kind == "policy":
        return Exported(f"{drawn.name}_policy.zip", _ZIP, _policy(checkpoint))
    placement = place(drawn.graph, placed)
    if kind == "svg":
        process_of = {node: process for process, nodes in placement.processes.items()
                      for node in nodes}
        return Exported(f"{drawn.name}.svg", "image/svg+xml",
                        draw(drawn.graph, process_of).encode())
    if kind == "package":
        name = default_package_name(drawn.graph.namespace)
        files = package_files(drawn.graph, placement, name, standalone=False, containers=False)
        return Exported(f"{name}.zip", _ZIP, _zipped(
            {f"{name}/{path}": content for path, content in file_bytes(files).items()}))
    raise InputError("export", [f"{kind!r:.40}: expected package, svg or policy"])


def _policy(checkpoint: Path | None) -> bytes:
    """Return the bundle of a checkpoint, made by a command of its own: it needs torch."""
    if checkpoint is None or not checkpoint.is_dir():
        raise InputError("export", ["there is no trained policy yet: set \"save checkpoint dir\" "
                                    "in the run options, and run until one is saved"])
    with tempfile.TemporaryDirectory(prefix="dnne_ros_edit_") as folder:
        bundle = Path(folder, "policy")
        made = subprocess.run(
            [sys.executable, "-m", "dnne_ros", "policy", "export", str(checkpoint), "-o",
             str(bundle)], capture_output=True, text=True, timeout=_POLICY_SECONDS, check=False)
        if made.returncode:
            raise DnneError(made.stderr.strip().removeprefix("dnne-ros: ") or "no policy was made")
        return _zipped({f"policy/{path.relative_to(bundle)}": path.read_bytes()
                        for path in sorted(bundle.rglob("*")) if path.is_file()})


def _zipped(files: Mapping[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, _STAMP), content, zipfile.ZIP_DEFLATED)
    return data.getvalue()
