import asyncio
import re

import pytest
import torch
from diagnostic_msgs.srv import AddDiagnostics, SelfTest
from sensor_msgs.srv import SetCameraInfo

from dnne_ros.errors import InputError, PeerError
from dnne_ros.node_api.health import Level
from dnne_ros.nodes.ros.service_client import ServiceClientNode
from dnne_ros.testing import NodeDriver

CAMERA = {"service": "/camera/set", "service_type": "sensor_msgs/srv/SetCameraInfo"}
LOAD = {"service": "load", "service_type": "diagnostic_msgs/srv/AddDiagnostics"}
CHECK = {"service": "~/check", "service_type": "diagnostic_msgs/srv/SelfTest"}


@pytest.fixture
def call(drive):
    """Let a client make a call for each of some requests, or triggers; return its context.

    ``respond``: makes the responses.  ``sends``: how many values are waited for.
    """
    def make(*requests, respond=None, triggers=0, sends=None, outputs=("response", "succeeded"),
             **values):
        async def script(context):
            context.services.respond = respond
            context.feed("request", *requests) if requests else None
            context.feed("trigger", *[None] * triggers) if triggers else None
            await context.sends(len(outputs) * (len(requests) or triggers) if sends is None
                                else sends)

        linked = [name for name, given in (("request", requests), ("trigger", triggers)) if given]
        return drive(ServiceClientNode(values), script, linked=linked, outputs=outputs)
    return make


def camera(request):
    info = request.camera_info
    return SetCameraInfo.Response(
        success=info.width == 640,
        status_message=f"{info.width}x{info.height} {info.distortion_model}")


def test_numbers_go_into_fields_and_the_response_comes_out(call):
    context = call(torch.tensor([640, 480]), torch.tensor([[320.0, 240.0]]), respond=camera,
                   field="camera_info.width,camera_info.height", outputs=(
                       "response", "tensor", "succeeded"), tensor_field="success",
                   fixed="{camera_info: {distortion_model: plumb_bob}}", sends=6, **CAMERA)
    assert context.outputs("response") == [
        {"success": True, "status_message": "640x480 plumb_bob"},
        {"success": False, "status_message": "320x240 plumb_bob"}]
    assert [each.tolist() for each in context.outputs("tensor")] == [[True], [False]]
    assert context.outputs("succeeded") == [True, True]
    assert context.services.uses == [("/camera/set", "sensor_msgs/srv/SetCameraInfo", False)]
    assert context.health.values == {"calls": 2, "answered": 2, "failed": 0, "retried": 0}


@pytest.mark.parametrize("value, values, sent", [
    ("a_text", {"field": "load_namespace"}, "a_text"),
    ({"load_namespace": "of_a_dictionary"}, {}, "of_a_dictionary"),
    ({}, {"fixed": "{load_namespace: fixed}"}, "fixed"),
    ("wins", {"field": "load_namespace", "fixed": '{"load_namespace": "fixed"}'}, "wins"),
    (None, {"field": "load_namespace", "fixed": "load_namespace: of a trigger"}, "of a trigger"),
])
def test_requests_of_every_kind(call, value, values, sent):
    context = call(value, **LOAD, **values)
    assert context.services.requests == [AddDiagnostics.Request(load_namespace=sent)]


def test_a_trigger_alone_and_with_requests(call):
    context = call(triggers=2, fixed="{load_namespace: x}", **LOAD)
    assert [each.load_namespace for each in context.services.requests] == ["x", "x"]
    context = call({}, {}, triggers=1, sends=2, **CHECK)  # the second one waits for a trigger
    assert context.services.requests == [SelfTest.Request()] and context.waiting("request") == 0


def test_arrays_of_numbers_are_tensors_and_messages_dictionaries(call):
    response = SelfTest.Response(id="7", passed=b"\x01")
    context = call({}, respond=lambda _: response, tensor_field="passed", dtype="float32",
                   outputs=("response", "tensor"), sends=3, **CHECK)
    assert context.outputs("response") == [{"id": "7", "passed": 1, "status": []}]
    assert context.outputs("tensor")[0].tolist() == [1.0]
    assert context.outputs("tensor")[0].dtype == torch.float32


def test_a_call_that_is_not_answered_is_said_and_the_next_one_works(call):
    responses = [None, SelfTest.Response(id="back")]
    context = call({}, {}, respond=lambda _: responses.pop(0), sends=3, timeout=0.5, **CHECK)
    assert context.outputs("succeeded") == [False, True]
    assert [each["id"] for each in context.outputs("response")] == ["back"]
    assert context.log.lines == [
        ("warning", "no answer of the service ~/check for 0.5 s"),
        ("info", "~/check answers")]
    assert context.health.values["failed"] == 1 and context.health.level is Level.OK


def test_it_is_tried_again_with_pauses(call):
    responses = [None, None, SelfTest.Response(id="third"), None, None, None]
    context = call({}, {}, respond=lambda _: responses.pop(0), sends=3, attempts=3,
                   back_off="linear", first_pause=0.001, **CHECK)
    assert context.outputs("succeeded") == [True, False]
    assert context.outputs("response")[0]["id"] == "third"
    assert context.health.values == {"calls": 2, "answered": 1, "failed": 1, "retried": 4}
    assert "for 5 s; another attempt in 0.001 s" in context.log.lines[0][1]


def test_a_service_that_keeps_failing_is_left_alone(call):
    context = call({}, {}, {}, {}, respond=lambda _: None, sends=4, break_after=2, rest=1000.0,
                   **CHECK)
    assert context.outputs("succeeded") == [False] * 4
    assert len(context.services.requests) == 2
    assert ("info", "~/check: left alone for 1000 s") in context.log.lines
    assert "~/check: refused for another 1e+03 s" in context.health.message


def test_a_failure_may_be_an_error(call):
    with pytest.raises(PeerError, match="no answer of the service ~/check for 5 s"):
        call({}, respond=lambda _: None, when_failed="fail", **CHECK)


def test_in_its_place_stands_the_last_response_as_one_that_did_not_succeed():
    node = ServiceClientNode(CHECK)
    assert node.safe_outputs({"response": {"id": "7"}, "succeeded": True}) == {
        "response": {"id": "7"}, "succeeded": False}


def test_who_waits_for_whom_is_said_and_ends_with_wait(call, drive):
    async def script(context):
        context.services.ready = False
        context.feed("request", {})
        await context.sends(1)

    context = drive(ServiceClientNode({**CHECK, "wait": 0.02}), script, linked=["request"],
                    outputs=["succeeded"])
    assert context.outputs("succeeded") == [False] and not context.services.requests
    assert context.log.lines == [("warning", "waited 0.02 s for the service ~/check "
                                  "(diagnostic_msgs/srv/SelfTest), which no node offers")]


def test_without_a_limit_it_waits_until_the_service_is_there(monkeypatch, run_async):
    monkeypatch.setattr("dnne_ros.nodes.ros.service_client._PATIENCE_SECONDS", 0.01)

    async def main():
        node = ServiceClientNode(CHECK)
        async with NodeDriver(node, ["request"], outputs=["succeeded"]) as context:
            context.services.ready = False
            context.feed("request", {})
            while not context.log.lines:
                await asyncio.sleep(0)
            assert context.health.level is Level.WARN and not context.sent
            context.services.ready = True
            await context.sends(1)
        return context.log.lines

    assert run_async(main()) == [
        ("warning", "has waited 0.01 s so far for the service ~/check "
         "(diagnostic_msgs/srv/SelfTest), which no node offers"), ("info", "~/check answers")]


def test_a_value_that_does_not_fit_is_named(call):
    with pytest.raises(ValueError, match=r"width \(uint32\): 1.5 is no uint32"):
        call(torch.tensor([1.5]), field="camera_info.width", **CAMERA)


@pytest.mark.parametrize("values, expected", [
    ({"service": "a b"}, "widget 'service': expected a ROS name such as /arm/enable"),
    ({"service_type": "nowhere/srv/X"},
     "the package nowhere is not installed; service packages here: .*apt install ros-.*-nowhere; "
     "or.*colcon build"),
    ({"service_type": "sensor_msgs/srv/SetCameraInfos"}, "sensor_msgs has SetCameraInfo"),
    ({"service_type": "sensor_msgs/msg/Image"}, "expected a service type such as"),
    ({"field": "camera"}, "sensor_msgs/srv/SetCameraInfo_Request has no 'camera'"),
    ({"field": "camera_info.distortion_model,camera_info.width"},
     "camera_info.distortion_model: expected numbers, found string"),
    ({"tensor_field": "status_message"}, "status_message: expected numbers, found string"),
    ({"fixed": "{camera_inf: {}}"}, "has no field 'camera_inf'"),
    ({"fixed": "{camera_info: {width: 1.5}}"}, "camera_info: width.*1.5 is no uint32"),
    ({"fixed": "{data: 1, data: 2}"}, "found .*: 'data' is there twice"),
    ({"fixed": "7"}, "widget 'fixed': expected fields such as {data: true}, found '7'"),
    ({"fixed": "{"}, "widget 'fixed': expected fields"),
])
def test_settings_that_cannot_be(values, expected):
    problem, = ServiceClientNode.validate_parameters(
        ServiceClientNode({**CAMERA, **values}).values)
    assert re.search(expected, problem), problem


def test_a_response_without_numbers_has_no_tensor(call):
    with pytest.raises(InputError, match="status_message is string"):
        call({}, outputs=("tensor",), **CAMERA)
