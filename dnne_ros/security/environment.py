"""The variables by which ROS is told to be secure, held against the processes of a graph."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from dnne_ros.errors import Problems
from dnne_ros.security.enclaves import NEEDED

ENABLE, STRATEGY, KEYSTORE = (
    "ROS_SECURITY_ENABLE", "ROS_SECURITY_STRATEGY", "ROS_SECURITY_KEYSTORE")
OVERRIDE = "ROS_SECURITY_ENCLAVE_OVERRIDE"
_YES = ("true", "1", "yes", "on")
WITHOUT_LIBRARIES = "doesn't have the security libraries"
"""What Fast DDS says of itself where it was built without them, as for the wheels."""


def is_secure(environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether ROS is to be secure: it takes one spelling for that."""
    return environment.get(ENABLE) == "true"


def why_not_secure(error: Exception) -> str:
    """Return what to say of an ``error`` of rcl's that means that DDS has no security, or ''."""
    if WITHOUT_LIBRARIES not in str(error):
        return ""
    return (f"{ENABLE}=true, but this Fast DDS {WITHOUT_LIBRARIES}, as that of the wheels from "
            f"PyPI: take a ROS 2 installation, or unset {ENABLE}")


def check_security(enclaves: Mapping[str, str], environment: Mapping[str, str] = os.environ
                   ) -> None:
    """Raise `InputError` if processes would not be let in, or not be secure; nothing is started.

    ``enclaves``: that of each process, by its name.  What cannot be secure under the strategy
    Permissive runs without, as the user has it.
    """
    problems = Problems("environment")
    enabled = environment.get(ENABLE, "")
    if enabled != "true" and enabled.lower() in _YES:
        problems.add(f"{ENABLE}: expected true, found {enabled!r}, which is false to ROS")
    strategy = environment.get(STRATEGY, "")
    if strategy != "Enforce" and strategy.lower() == "enforce":
        problems.add(f"{STRATEGY}: expected Enforce, found {strategy!r}, which ROS takes for "
                     "Permissive")
    if is_secure(environment) and strategy == "Enforce":
        keystore = environment.get(KEYSTORE, "")
        if not keystore:
            problems.add(f"{KEYSTORE}: expected a keystore, found none; `dnne-ros security "
                         "--keys` makes one")
        else:
            override = environment.get(OVERRIDE, "")
            for problem in _missing(Path(keystore), {
                    process: override or enclave for process, enclave in enclaves.items()}):
                problems.add(problem)
    problems.raise_if_any()


def _missing(keystore: Path, enclaves: Mapping[str, str]) -> Iterable[str]:
    for process, enclave in enclaves.items():
        folder = keystore / "enclaves" / enclave.lstrip("/")
        if not folder.is_dir():
            yield (f"process {process}: there is no enclave {enclave} in {keystore}; `dnne-ros "
                   "security` makes those of a graph, for one placement and namespace")
        elif missing := [name for name in NEEDED if not (folder / name).is_file()]:
            yield f"process {process}: {folder} has no {', '.join(missing)}"
