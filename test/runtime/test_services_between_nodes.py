"""A ServiceClient and a ServiceServer over DDS, with every service shape of test_msgs."""

import asyncio
from functools import partial

import numpy as np
import pytest
import torch

from dnne_ros.messages.field_types import fields_of
from dnne_ros.nodes.ros.service_client import ServiceClientNode
from dnne_ros.nodes.ros.service_server import ServiceServerNode
from dnne_ros.runtime.node.ros_services import HostServices
from dnne_ros.testing import InMemoryContext, difference

pytest.importorskip("test_msgs.srv", reason="needs test_msgs: pip install ros-test-msgs")

from test_msgs.srv import Arrays, BasicTypes

NUMBERS = {"bool": True, "byte": 7, "char": 65, "float32": 0.5, "float64": -1e300, "int8": -128,
           "uint8": 255, "int16": -2**15, "uint16": 2**16 - 1, "int32": -2**31,
           "uint32": 2**32 - 1, "int64": -2**63, "uint64": 2**64 - 1}
DTYPES = {"bool": "bool", "byte": "uint8", "char": "uint8"}
SCALARS = {f"{name}_value": value for name, value in NUMBERS.items()}
BASIC = {**SCALARS, "string_value": "größer"}


def array_of(name):
    dtype = DTYPES.get(name, name)
    return np.array([NUMBERS[name], 1, 0], dtype)


ARRAYS = {**{f"{name}_values": array_of(name) for name in NUMBERS},
          "string_values": ["a", "", "ß"], "basic_types_values": [
              {**SCALARS, "int32_value": number} for number in range(3)]}


@pytest.fixture
def pair(ros_loop):
    """Return a client and a server of one service, set up, with the values of their widgets."""
    def make(name, client=(), server=(), outputs=("response", "succeeded")):
        both = {"service": f"/echo_{name}", "service_type": f"test_msgs/srv/{name}"}
        nodes = []
        for type, values, linked, given in (
                (ServiceClientNode, client, ["request"], outputs),
                (ServiceServerNode, {"timeout": 3600.0, **dict(server)}, ["answer"], ["request"])):
            node = type({**both, **dict(values)})
            node.context = InMemoryContext(node, linked, outputs=given)
            node.context.services = HostServices(ros_loop.node(type.__name__))
            node.setup()
            nodes.append(node)
        return nodes
    return make


@pytest.fixture
def call(ros_loop):
    """Let a client call with some values, and the server answer with what it is asked."""
    async def trip(client, server, *values):
        running = [asyncio.ensure_future(node.process()) for node in (client, server)]

        def has_sent(node, port, number):
            for each in running:
                if each.done():
                    each.result()
            return len(node.context.outputs(port)) == number

        for number, value in enumerate(values, 1):
            client.context.feed("request", value)
            await ros_loop.until(partial(has_sent, server, "request", number))
            server.context.feed("answer", server.context.outputs("request")[-1])
            await ros_loop.until(partial(has_sent, client, "succeeded", number))
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        return client.context

    def run(client, server, *values):
        client.values["timeout"] = 3600.0
        return ros_loop.run(trip(client, server, *values))
    return run


def given(response, fields):
    """Return those ``fields`` of a response that were sent, with numpy's arrays."""
    return {name: response[name].numpy() if isinstance(response[name], torch.Tensor)
            else response[name] for name in fields}


@pytest.mark.parametrize("name, fields", [
    ("Empty", {}), ("BasicTypes", BASIC), ("Arrays", ARRAYS)])
def test_every_shape_makes_the_round_trip(pair, call, name, fields):
    client, server = pair(name)
    context = call(client, server, fields, {})
    assert context.outputs("succeeded") == [True, True]
    full, _ = context.outputs("response")
    assert not difference(fields, given(full, fields))


@pytest.mark.parametrize("kind", NUMBERS)
def test_every_number_is_a_tensor_at_both_ends(pair, call, kind):
    if kind in ("uint16", "uint32", "uint64") and not hasattr(torch, kind):
        pytest.skip(f"this torch has no {kind}")
    for name, value in (("BasicTypes", array_of(kind)[:1]), ("Arrays", array_of(kind))):
        field = f"{kind}_value{'s' if name == 'Arrays' else ''}"
        client, server = pair(name, {"field": field, "tensor_field": field},
                              outputs=("tensor", "succeeded"))
        context = call(client, server, torch.from_numpy(value))
        tensor, = context.outputs("tensor")
        assert not difference(value, tensor.numpy())
        for node in (client, server):
            node.context.services.close()


def test_text_goes_into_a_field_of_text(pair, call):
    context = call(*pair("BasicTypes", {"field": "string_value", "fixed": "{int8_value: 5}"}),
                   "hello")
    response, = context.outputs("response")
    assert (response["string_value"], response["int8_value"]) == ("hello", 5)


@pytest.mark.parametrize("service, type", [("BasicTypes", BasicTypes), ("Arrays", Arrays)])
def test_what_is_no_number_is_refused_with_the_fields_name(service, type):
    values = ServiceClientNode({"service": "/echo",
                                "service_type": f"test_msgs/srv/{service}"}).values
    others = [name for name, field in fields_of(type.Request).items() if field.dtype is None]
    assert others
    for name in others:
        problem, = ServiceClientNode.validate_parameters({**values, "tensor_field": name})
        assert f"field {name}: " in problem
    problem, = ServiceClientNode.validate_parameters({**values, "field": ",".join(others[:2])}) \
        if len(others) > 1 else [f"field {others[0]}: "]
    assert f"field {others[0]}: " in problem


def test_an_empty_response_has_no_numbers():
    values = ServiceClientNode({"service": "/echo", "service_type": "test_msgs/srv/Empty"}).values
    problem, = ServiceClientNode.validate_parameters({**values, "tensor_field": "x"})
    assert "test_msgs/srv/Empty_Response has no fields" in problem


def test_a_hundred_calls_leave_nothing_behind(pair, call):
    client, server = pair("Empty")
    context = call(client, server, *[{}] * 100)
    assert context.outputs("succeeded") == [True] * 100
    assert client._client.pending == 0 and not server._given and server._waiting == 0
    assert server.context.health.values["answered"] == 100
