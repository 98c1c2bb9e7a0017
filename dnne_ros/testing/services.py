"""Services in memory: the test answers what a node calls, and calls what it offers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from dnne_ros.errors import InputError
from dnne_ros.messages.message_types import service_class
from dnne_ros.node_api.event_waits import comes_true
from dnne_ros.node_api.ros_services import Answer, ServiceUse


class InMemoryServiceClient:
    """Calls a service of which the test says what it does."""

    def __init__(self, services: InMemoryServices, name: str, type: Any):
        """Call what ``services`` stands for."""
        self._services = services
        self.name = name
        self._type = type

    def is_ready(self) -> bool:
        """Return `InMemoryServices.ready`."""
        return self._services.ready

    def absence(self) -> str:
        """Say that nobody offers it."""
        return "which no node offers"

    async def appears(self, timeout: float | None) -> bool:
        """Wait until the test says that it is ready, for ``timeout`` seconds."""
        return await comes_true(self.is_ready, timeout, 0.0)

    async def call(self, request: Any, timeout: float) -> Any:
        """Return what `InMemoryServices.respond` makes of a request; TimeoutError for None."""
        self._services.requests.append(request)
        await asyncio.sleep(0)
        respond = self._services.respond
        response = self._type.Response() if respond is None else respond(request)
        if response is None:
            raise TimeoutError(f"no answer of the service {self.name} for {timeout:g} s")
        return response


class InMemoryServices:
    """Implements `dnne_ros.RosServices` without ROS; names are kept as the node gave them."""

    def __init__(self) -> None:
        """Begin without services."""
        self.uses: list[ServiceUse] = []
        self.ready = True
        """Whether the services that the node calls are there."""
        self.respond: Callable[[Any], Any] | None = None
        """Makes the response to a request; None: an empty one.  If it returns None, no answer
        comes in time."""
        self.requests: list[Any] = []
        """What the node has sent."""
        self._offered: dict[str, Callable[[Any, Answer], None]] = {}
        self._types: dict[str, Any] = {}

    def client(self, service: str, service_type: str) -> InMemoryServiceClient:
        """Return what calls a service; `InputError` for a type that is not installed."""
        self.uses.append(ServiceUse(service, service_type))
        return InMemoryServiceClient(self, service, _class(service, service_type))

    def serve(self, service: str, service_type: str,
              on_request: Callable[[Any, Answer], None]) -> str:
        """Offer a service; `InputError` for a type that is not installed."""
        self.uses.append(ServiceUse(service, service_type, serves=True))
        self._types[service] = _class(service, service_type)
        self._offered[service] = on_request
        return service

    def request(self, *requests: Any, service: str | None = None) -> list[list[Any]]:
        """Call a service that the node offers, once for each request; None: an empty one.

        ``service`` may be left out where it offers one alone.  Returns a list for each, which its
        response comes into.  AssertionError if the node does not offer it.
        """
        if not self._offered or service not in (None, *self._offered):
            raise AssertionError(f"the node offers no service{f' {service}' if service else ''}")
        if service is None:
            service, = self._offered
        name, on_request = service, self._offered[service]
        responses: list[list[Any]] = []
        for request in requests:
            responses.append([])
            on_request(self._types[name].Request() if request is None else request,
                       responses[-1].append)
        return responses


def _class(service: str, service_type: str) -> Any:
    try:
        return service_class(service_type)
    except ValueError as error:
        raise InputError(f"service {service!r:.80}", [str(error)]) from None
