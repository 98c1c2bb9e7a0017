"""What the few node types that speak to other people's ROS nodes may do with services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

Answer = Callable[[Any], None]
"""Takes the response to one request; a second one is a ValueError, a late one goes to nobody."""


class ServiceUse(NamedTuple):
    """A service that a node calls, or offers (``serves``); ``name`` as a widget has it."""

    name: str
    type: str
    serves: bool = False


class ServiceCaller(Protocol):
    """The calling end of a service."""

    @property
    def name(self) -> str:
        """Return the service's full name, after remapping."""
        ...

    def is_ready(self) -> bool:
        """Tell whether some node offers the service."""
        ...

    def absence(self) -> str:
        """Say why it is not ready: nobody offers it, or as another type."""
        ...

    async def appears(self, timeout: float | None) -> bool:
        """Wait until it is ready; tell whether that was within ``timeout`` s (None: for ever)."""
        ...

    async def call(self, request: Any, timeout: float) -> Any:
        """Return the response to a request.

        TimeoutError when none has come for ``timeout`` seconds: nobody offers the service, or who
        does is slow or gone.  One that comes later is dropped.
        """
        ...


class RosServices(Protocol):
    """Services that a node calls and offers.

    ``service_type`` is written as ``std_srvs/srv/SetBool``.  Names follow ROS: a leading ``/`` is
    absolute, ``~/`` is below the node, others are below the graph's namespace; remapping applies.
    Both methods raise `InputError` for an illegal name, and for a type that is not installed, with
    what to install.
    """

    def client(self, service: str, service_type: str) -> ServiceCaller:
        """Return what calls a service."""
        ...

    def serve(self, service: str, service_type: str,
              on_request: Callable[[Any, Answer], None]) -> str:
        """Offer a service; return its full name.

        ``on_request(request, answer)`` is called for each request, and must not raise; the answer
        may be given at any time, or never.
        """
        ...
