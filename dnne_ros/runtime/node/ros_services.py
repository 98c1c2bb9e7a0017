"""Implements `dnne_ros.node_api.ros_services.RosServices` on a node's host."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from rclpy.exceptions import NameValidationException
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.service import Service

from dnne_ros.errors import InputError
from dnne_ros.messages.message_types import how_to_install, service_class
from dnne_ros.node_api.event_waits import comes_true
from dnne_ros.node_api.ros_services import Answer

if TYPE_CHECKING:
    from rclpy.client import Client
    from rclpy.node import Node
    from rclpy.task import Future

RCLError: type[Exception] = rclpy_implementation.RCLError
_LATE_SECONDS = 60.0
LOOK_SECONDS = 0.05
"""Between looks for a service: discovery has no event to wait for."""


class HostServiceClient:
    """Calls one service; responses come in the event loop's own thread."""

    def __init__(self, host: Node, client: Client[Any, Any], service_type: str):
        """Call with ``client`` of ``host``."""
        self._host = host
        self._client = client
        self._type = service_type
        self.name = str(client.service_name)
        self.awaits = ""
        """What it waits for at the moment, in words."""

    @property
    def pending(self) -> int:
        """Return how many calls rclpy keeps for a response."""
        return len(self._client._pending_requests)

    def is_ready(self) -> bool:
        """Tell whether some node offers the service."""
        return self._client.service_is_ready()

    def absence(self) -> str:
        """Say why it is not ready."""
        types = dict(self._host.get_service_names_and_types()).get(self.name, [])
        others = [each for each in types if each != self._type]
        return f"which is offered as {', '.join(others)}" if others else "which no node offers"

    async def appears(self, timeout: float | None) -> bool:
        """Wait until it is ready; tell whether it was in time."""
        self.awaits = f"waits for the service {self.name} ({self._type})"
        try:
            return await comes_true(self.is_ready, timeout, LOOK_SECONDS)
        finally:
            self.awaits = ""

    async def call(self, request: Any, timeout: float | None,
                   late: Callable[[Any], None] | None = None) -> Any:
        """Return the response; TimeoutError if there is none in time (None: at any time).

        ``late`` is given one that comes within a minute after the call was given up.
        """
        loop = asyncio.get_running_loop()
        answered = loop.create_future()
        given_up = False

        def take(future: Future[Any]) -> None:
            if given_up and late is not None:
                late(future.result())
            elif not answered.done():
                answered.set_result(future.result())

        calling = self._client.call_async(request)
        calling.add_done_callback(take)
        self.awaits = f"waits for an answer of the service {self.name}"
        try:
            await asyncio.wait({answered}, timeout=timeout)
        finally:
            self.awaits = ""
            given_up = not answered.done()
            if late is None or not given_up:
                self._client.remove_pending_request(calling)
            else:
                loop.call_later(_LATE_SECONDS, self._client.remove_pending_request, calling)
        if not answered.done():
            raise TimeoutError(f"no answer of the service {self.name} for {timeout:g} s")
        return answered.result()


class HostServices:
    """Services of one node."""

    def __init__(self, host: Node):
        """Call and offer services as ``host``."""
        self._host = host
        self._clients: list[tuple[HostServiceClient, Client[Any, Any]]] = []
        self._services: list[Service[Any, Any]] = []

    @property
    def awaited(self) -> list[str]:
        """Say what the node waits for outside: services, their answers, requests."""
        waits = [caller.awaits for caller, _ in self._clients if caller.awaits]
        return waits + [f"waits for requests to the service {service.service_name}"
                        for service in self._services]

    def client(self, service: str, service_type: str) -> HostServiceClient:
        """Return what calls a service."""
        with self._legal(service, service_type) as type:
            client: Client[Any, Any] = self._host.create_client(type, service)
        caller = HostServiceClient(self._host, client, service_type)
        self._clients.append((caller, client))
        return caller

    def serve(self, service: str, service_type: str,
              on_request: Callable[[Any, Answer], None]) -> str:
        """Offer a service; return its full name."""
        with self._legal(service, service_type) as type:
            offered = offer(self._host, type, service, on_request)
        self._services.append(offered)
        return str(offered.service_name)

    def close(self) -> None:
        """Give all services back: the node is made anew."""
        for _, client in self._clients:
            self._host.destroy_client(client)
        for service in self._services:
            self._host.destroy_service(service)
        self._clients.clear()
        self._services.clear()

    @contextmanager
    def _legal(self, service: str, service_type: str) -> Iterator[Any]:
        try:
            yield with_libraries(service_class(service_type), f"service type {service_type}")
        except NameValidationException as error:
            reason = " ".join(str(error).split())
            raise InputError(f"service {service!r:.80}", [reason]) from None
        except ValueError as error:
            raise InputError(f"service {service!r:.80}", [str(error)]) from None
        except RCLError as error:  # another node of the process has it with another type
            reason = " ".join(str(error).split())
            raise InputError(f"service {service!r:.80}", [f"{service_type}: {reason}"]) from None


def offer(host: Node, service_type: Any, service: str,
          on_request: Callable[[Any, Answer], None]) -> Service[Any, Any]:
    """Return a service of ``host`` whose requests are answered at any time, or never.

    rclpy sends what a callback returns, at once, and its executor for events knows no
    coroutines there before Kilted.  So the callback returns the request itself, and in the
    place of rclpy's ``send_response``, which alone is told whom to answer, stands ours.
    """
    offered: Service[Any, Any] = host.create_service(
        service_type, service, lambda request, _: request)

    def note(request: Any, header: Any) -> None:
        on_request(request, _answer(offered, header))

    offered.send_response = note  # type: ignore[assignment, method-assign]
    return offered


def with_libraries(type: Any, name: str) -> Any:
    """Return a type of services or actions when what is compiled of it is there.

    ValueError, with what to install, if it is not.  ``name`` as ``service type a_srvs/srv/Name``.
    """
    try:
        type.__import_type_support__()
    except Exception as error:  # rosidl has one of its own, and libraries may be missing
        reason = " ".join(str(error.__context__ or error).split())
        package = name.split()[-1].partition("/")[0]
        raise ValueError(f"{name} cannot be loaded: {reason}. {how_to_install(package)}"
                         ) from None
    return type


def _answer(service: Service[Any, Any], header: Any) -> Answer:
    """Return what answers one request."""
    headers = [header]

    def answer(response: Any) -> None:
        if not headers:
            raise ValueError("this request has been answered")
        with suppress(rclpy_implementation.InvalidHandle):  # it is no longer offered
            Service.send_response(service, response, headers.pop())

    return answer
