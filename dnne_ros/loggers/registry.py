"""Which loggers there are.  One is imported when it is asked for."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dnne_ros.errors import InputError
from dnne_ros.loggers.run_logger import RunLogger
from dnne_ros.plugins.installed import SOURCE, InstalledPlugins
from dnne_ros.plugins.kinds import Kind

OPTION = "--log-to"


@dataclass(frozen=True)
class LoggerKind:
    """Where a logger is, what it imports, and how to get that.

    Attributes:
        name: what ``--log-to`` calls it.
        module: where it is, a full name.
        factory: the class or function of ``module`` that is called with what stands behind the
            colon of ``--log-to NAME:WHERE`` (or an empty text) and returns a `RunLogger`.
        where: what that is, in a word.
        requires: the module that it imports; empty: none that might be missing.
        install: the command that installs it.

    """

    name: str
    module: str
    factory: str
    where: str
    requires: str = ""
    install: str = ""

    def make(self, where: str) -> RunLogger:
        """Import it and make one; ValueError says what is missing or makes no sense."""
        if self.requires and importlib.util.find_spec(self.requires) is None:
            raise ValueError(f"needs {self.requires}: {self.install}")
        made = getattr(importlib.import_module(self.module), self.factory)(where)
        if not isinstance(made, RunLogger):
            raise ValueError(f"expected {self.module}.{self.factory} to return a RunLogger, found "
                             f"{type(made).__name__}")
        return made


BUILT_IN: tuple[LoggerKind, ...] = (
    LoggerKind("tensorboard", "dnne_ros.loggers.event_files", "EventFiles", "DIR", "tensorboard",
               "pip install 'dnne_ros[tensorboard]'"),
    LoggerKind("mlflow", "dnne_ros.loggers.mlflow_run", "MlflowRun", "URI", "mlflow",
               "pip install 'dnne_ros[mlflow]'"),
    LoggerKind("wandb", "dnne_ros.loggers.wandb_run", "WandbRun", "PROJECT", "wandb",
               "pip install 'dnne_ros[wandb]'"),
)
"""The loggers of this package; those of other people come after these."""

LOGGERS = Kind("dnne_ros.loggers", "loggers (dnne_ros.LoggerKind)",
               lambda value: isinstance(value, LoggerKind))


def logger_kinds() -> dict[str, LoggerKind]:
    """Return all by name; `InputError` names every installed package that is broken."""
    found = {kind.name: kind for kind in BUILT_IN}

    def add(kind: LoggerKind) -> None:
        if kind.name in found:
            raise ValueError(f"the logger {kind.name!r} is there already: "
                             f"{found[kind.name].module}")
        found[kind.name] = kind

    if problems := InstalledPlugins().add(LOGGERS, add):
        raise InputError(SOURCE, problems)
    return found


def make_loggers(texts: Sequence[str]) -> Mapping[str, RunLogger]:
    """Return what ``NAME`` or ``NAME:WHERE`` each mean, by these; `InputError` with all faults."""
    kinds = logger_kinds() if texts else {}
    made, problems = {}, []
    for text in dict.fromkeys(texts):
        name, _, where = text.partition(":")
        if name not in kinds:
            problems.append(f"{text!r:.80}: expected one of {_listed(kinds.values())}")
            continue
        try:
            made[text] = kinds[name].make(where)
        except ValueError as error:
            problems.append(f"{text}: {error}")
    if problems:
        raise InputError(OPTION, problems)
    return made


def _listed(kinds: Iterable[LoggerKind]) -> str:
    return ", ".join(f"{kind.name}[:{kind.where}]" for kind in kinds)
