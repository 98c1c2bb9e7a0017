import asyncio
import re

import pytest
import torch
from diagnostic_msgs.srv import AddDiagnostics
from sensor_msgs.msg import CameraInfo
from sensor_msgs.srv import SetCameraInfo

from dnne_ros.node_api.health import Level
from dnne_ros.nodes.ros.service_server import ServiceServerNode

LOAD = {"service": "load", "service_type": "diagnostic_msgs/srv/AddDiagnostics",
        "timeout": 3600.0}
CAMERA = {"service": "/camera/set", "service_type": "sensor_msgs/srv/SetCameraInfo"}


def load(text):
    return AddDiagnostics.Request(load_namespace=text)


@pytest.fixture
def serve(drive):
    """Run a server while ``script(context)`` calls it; returns its context."""
    def run(script, linked=("answer",), outputs=("request", "request_id"), **values):
        return drive(ServiceServerNode({**LOAD, **values}), script, linked=linked, outputs=outputs)
    return run


def messages(responses):
    """Return what came as a response to each request."""
    return [[response.message for response in each] for each in responses]


async def until(condition):
    while not condition():
        await asyncio.sleep(0.001)


def test_requests_are_items_and_answers_come_in_order(serve):
    async def script(context):
        responses = context.services.request(load("a"), load("b"))
        await context.sends(4)
        context.feed("answer", {"message": "first", "success": True}, {"message": "second"})
        await until(lambda: all(responses))
        assert messages(responses) == [["first"], ["second"]]
        assert responses[0][0].success is True

    context = serve(script)
    assert context.outputs("request") == [{"load_namespace": "a"}, {"load_namespace": "b"}]
    one, other = context.outputs("request_id")
    assert one < other
    assert context.services.uses == [("load", "diagnostic_msgs/srv/AddDiagnostics", True)]
    assert context.health.values == {"received": 2, "answered": 2, "unanswered": 0, "refused": 0,
                                     "dropped": 0, "late": 0}


@pytest.mark.parametrize("answer, values, expected", [
    ("text", {"field": "message"}, (False, "text")),
    (torch.tensor([True]), {"field": "success"}, (True, "")),
    (True, {"field": "success", "fixed": "{message: done}"}, (True, "done")),
    (None, {"field": "success", "fixed": "{message: done, success: true}"}, (True, "done")),
])
def test_answers_of_every_kind(serve, answer, values, expected):
    async def script(context):
        responses, = context.services.request(None)
        await context.sends(2)
        context.feed("answer", answer)
        await until(lambda: responses)
        assert (responses[0].success, responses[0].message) == expected

    serve(script, **values)


def test_numbers_of_a_request_are_a_tensor(serve):
    async def script(context):
        context.services.request(SetCameraInfo.Request(
            camera_info=CameraInfo(width=640, height=480)))
        await context.sends(3)

    context = serve(script, outputs=("tensor", "request"), dtype="float32",
                    tensor_field="camera_info.width,camera_info.height", **CAMERA)
    tensor, = context.outputs("tensor")
    assert torch.equal(tensor, torch.tensor([640.0, 480.0])) and tensor.dtype == torch.float32


def test_more_than_may_wait_get_no_answer(serve):
    async def script(context):
        responses = context.services.request(load("a"), load("b"), load("c"))
        await context.sends(4)
        context.feed("answer", {"message": "1"}, {"message": "2"})
        await until(lambda: responses[1])
        responses += context.services.request(load("d"))  # there is room again
        await context.sends(6)
        context.feed("answer", {"message": "4"})
        await until(lambda: responses[3])
        assert messages(responses) == [["1"], ["2"], [], ["4"]]

    context = serve(script, most_waiting=2)
    assert [each["load_namespace"] for each in context.outputs("request")] == ["a", "b", "d"]
    assert context.health.values["refused"] == 1
    assert ("warning", "a request to load gets no answer: 2 others wait for theirs") \
        in context.log.lines


def expire(node, *requests):
    """Let it be as if requests had waited for too long."""
    for request in requests:
        request.timer.cancel()
        node._give_up(request)


def test_a_request_that_nobody_answers_is_counted(serve):
    async def script(context):
        responses = context.services.request(load("a"))
        await until(lambda: context.health.values["unanswered"])
        assert responses == [[]] and context.health.level is Level.WARN

    context = serve(script, timeout=0.05)
    assert context.log.lines == [("warning", "a request to load has got no answer for 0.05 s")]


def test_a_late_answer_is_for_nobody_else(serve):
    async def script(context):
        node = context._node
        responses = context.services.request(load("a"), load("b"), load("c"))
        await context.sends(6)
        expire(node, *list(node._given.values())[:2])
        context.feed("answer", {"message": "for a"}, {"message": "for b"}, {"message": "for c"})
        await until(lambda: responses[2])
        assert messages(responses) == [[], [], ["for c"]]

    context = serve(script)
    assert context.health.values == {"received": 3, "answered": 1, "unanswered": 2, "refused": 0,
                                     "dropped": 0, "late": 2}
    assert context.health.level is Level.OK


def test_what_is_over_before_the_graph_had_it_is_not_given_out(serve):
    async def script(context):
        node = context._node
        context.fill("request_id")
        context.services.request(load("a"), load("b"))
        await until(lambda: node._given)
        expire(node, *node._given.values(), *node._new)
        context.drain("request_id")
        context.services.request(load("c"))
        await context.sends(4)

    context = serve(script)
    assert [each["load_namespace"] for each in context.outputs("request")] == ["a", "c"]


def test_answers_by_id_come_in_any_order_and_requests_may_be_left_out(serve):
    async def script(context):
        responses = context.services.request(load("a"), load("b"), load("c"))
        await context.sends(6)
        first, _, third = context.outputs("request_id")
        context.feed("answer", {"message": "3"}, {"message": "nobody's"}, {"message": "1"})
        context.feed("answer_id", third, 7, first)
        await until(lambda: responses[0])
        assert messages(responses) == [["1"], [], ["3"]]

    context = serve(script, linked=("answer", "answer_id"))
    assert context.health.values["late"] == 1


def test_an_answer_without_a_request_is_dropped(serve):
    async def script(context):
        context.feed("answer", {})
        await context.idle()

    context = serve(script)
    assert context.health.values["late"] == 1 and context.health.level is Level.WARN


def test_an_answer_that_does_not_fit_is_an_error(serve):
    async def script(context):
        context.services.request(None)
        await context.sends(2)
        context.feed("answer", {"succes": True})
        await context.idle()

    with pytest.raises(ValueError, match=r"AddDiagnostics_Response has no field 'succes'"):
        serve(script)


def test_a_request_without_the_wanted_element_ends_nothing(serve):
    async def script(context):
        responses = context.services.request(SetCameraInfo.Request(), SetCameraInfo.Request(
            camera_info=CameraInfo(d=[1.5])))
        await context.sends(2)
        context.feed("answer", {})
        await until(lambda: responses[1])
        assert not responses[0]

    context = serve(script, outputs=("tensor",), tensor_field="camera_info.d[0]", **CAMERA)
    assert context.outputs("tensor")[0].tolist() == [1.5]
    assert context.health.values["dropped"] == 1


@pytest.mark.parametrize("values, expected", [
    ({"service": ""}, None),
    ({"service": "a b"}, "widget 'service': expected a ROS name"),
    ({"service_type": "diagnostic_msgs/srv/Adds"}, "diagnostic_msgs has AddDiagnostics"),
    ({"field": "succes"}, "AddDiagnostics_Response has no 'succes'; did you mean success"),
    ({"fixed": "{succes: true}"}, "AddDiagnostics_Response has no field 'succes'"),
    ({"tensor_field": "load_namespace"}, "load_namespace: expected numbers, found string"),
])
def test_settings_that_cannot_be(values, expected):
    problems = ServiceServerNode.validate_parameters(
        ServiceServerNode({**LOAD, **values}).values)
    assert [bool(re.search(expected or "", each)) for each in problems] == [True] * bool(expected)
