"""Asking a node for its parameters, and to change them, by the services that all nodes have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dnne_ros.errors import DnneError
from dnne_ros.runtime.node.ros_services import HostServices

if TYPE_CHECKING:
    from rclpy.node import Node

_SECONDS = 5.0
"""For how long a node may be silent."""


async def call_parameter_service(node: Node, name: str, service: str, request: Any) -> Any:
    """Return what the node ``name`` answers to ``node``.

    ``service`` is ``get_parameters`` or one of its siblings in rcl_interfaces, and ``request`` one
    of its requests.  `DnneError` if there is no such node, or it is silent.
    """
    services = HostServices(node)
    kind = "".join(word.capitalize() for word in service.split("_"))
    try:
        caller = services.client(f"{name}/{service}", f"rcl_interfaces/srv/{kind}")
        if not await caller.appears(_SECONDS):
            raise DnneError(f"{name}: no such node within {_SECONDS:g} s")
        return await caller.call(request, _SECONDS)
    except TimeoutError as error:
        raise DnneError(f"{name}: {error}") from None
    finally:
        services.close()
