"""Enclaves: one for each process of a graph, with what its nodes may do and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

NEEDED = ("identity_ca.cert.pem", "permissions_ca.cert.pem", "cert.pem", "key.pem",
          "governance.p7s", "permissions.p7s")
"""What a process reads in the folder of its enclave."""

_SEND_GOAL = "/_action/send_goal"
_SERVICES = (_SEND_GOAL, "/_action/cancel_goal", "/_action/get_result")
_TOPICS = ("/_action/feedback", "/_action/status")


@dataclass(frozen=True)
class Profile:
    """What one node does, as full names after remapping, each once and in order."""

    namespace: str
    node: str
    publishes: tuple[str, ...] = ()
    subscribes: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    executes: tuple[str, ...] = ()
    sends_goals: tuple[str, ...] = ()

    def with_actions(self) -> Profile:
        """Return the same, with actions in the place of the services and topics they are of."""
        executes, sends_goals = _actions(self.offers), _actions(self.calls)
        return replace(
            self, executes=executes, sends_goals=sends_goals,
            publishes=_without(self.publishes, executes, _TOPICS),
            offers=_without(self.offers, executes, _SERVICES),
            subscribes=_without(self.subscribes, sends_goals, _TOPICS),
            calls=_without(self.calls, sends_goals, _SERVICES))


@dataclass(frozen=True)
class Enclave:
    """The profiles of the nodes of one process, and its name: ``/robot1/cartpole/main``."""

    path: str
    profiles: tuple[Profile, ...]


def enclave_name(namespace: str, process: str) -> str:
    """Return the enclave of a process; ``namespace`` is the absolute one of its nodes."""
    return f"{namespace.rstrip('/')}/{process}"


def _actions(services: Iterable[str]) -> tuple[str, ...]:
    return tuple(name.removesuffix(_SEND_GOAL) for name in services if name.endswith(_SEND_GOAL))


def _without(names: tuple[str, ...], actions: tuple[str, ...], parts: tuple[str, ...]
             ) -> tuple[str, ...]:
    gone = {action + part for action in actions for part in parts}
    return tuple(name for name in names if name not in gone)
