"""Services of a node's own, on real DDS."""

import asyncio
import gc
import os

import pytest
from diagnostic_msgs.srv import AddDiagnostics, SelfTest
from rclpy.task import Future

from dnne_ros.errors import InputError
from dnne_ros.runtime.node.ros_services import HostServices

TYPE = "diagnostic_msgs/srv/AddDiagnostics"


def asked(text):
    return AddDiagnostics.Request(load_namespace=text)


def echo(request, response):
    response.success, response.message = True, f"{request.load_namespace}!"
    return response


@pytest.fixture
def services(ros_loop):
    return HostServices(ros_loop.node("host", namespace="/graph"))


def offer(ros_loop, name="/graph/load", callback=echo):
    node = ros_loop.node("server")
    node.create_service(AddDiagnostics, name, callback)
    return node


def test_a_call_and_its_response(ros_loop, services):
    client = services.client("load", TYPE)
    offer(ros_loop)

    async def talk():
        assert await client.appears(None)
        return [await client.call(asked(text), 60.0) for text in ("a", "b")]

    assert [each.message for each in ros_loop.run(talk())] == ["a!", "b!"]
    assert client.name == "/graph/load" and client.is_ready() and not services.awaited


def test_a_service_that_is_not_there(ros_loop, services, another_process):
    client = services.client("load", TYPE)
    another_process("elsewhere").create_service(SelfTest, "/graph/load", lambda *both: both[1])

    async def talk():
        await ros_loop.until(lambda: "SelfTest" in client.absence())
        waiting = asyncio.ensure_future(client.appears(None))
        await asyncio.sleep(0)
        assert services.awaited == [f"waits for the service /graph/load ({TYPE})"]
        waiting.cancel()
        await asyncio.wait({waiting})
        return await client.appears(0.1)

    assert ros_loop.run(talk()) is False
    assert client.absence() == "which is offered as diagnostic_msgs/srv/SelfTest"
    assert not services.awaited
    assert services.client("nowhere", TYPE).absence() == "which no node offers"


def test_a_server_that_dies_in_mid_call_and_comes_back(ros_loop, services):
    client = services.client("load", TYPE)
    host = HostServices(ros_loop.node("server"))
    requests = []
    host.serve("/graph/load", TYPE, lambda request, answer: requests.append(request))

    async def talk():
        await client.appears(None)
        dying = asyncio.ensure_future(client.call(asked("a"), 0.5))
        await ros_loop.until(lambda: requests)
        assert services.awaited == ["waits for an answer of the service /graph/load"]
        ros_loop.kill(ros_loop.nodes[-1])
        with pytest.raises(TimeoutError, match=r"no answer of the service /graph/load for 0\.5 s"):
            await dying
        assert client.pending == 0
        await ros_loop.until(lambda: not client.is_ready())
        offer(ros_loop)
        assert await client.appears(None)
        return await client.call(asked("b"), 60.0)

    assert ros_loop.run(talk()).message == "b!"


def test_an_answer_that_comes_too_late_is_dropped(ros_loop, services):
    client = services.client("load", TYPE)
    answers = []
    HostServices(ros_loop.node("server")).serve(
        "/graph/load", TYPE, lambda request, answer: answers.append(answer))

    async def talk():
        await client.appears(None)
        with pytest.raises(TimeoutError):
            await client.call(asked("a"), 0.05)
        await ros_loop.until(lambda: answers)
        answers[0](AddDiagnostics.Response(message="late"))
        second = asyncio.ensure_future(client.call(asked("b"), 60.0))
        await ros_loop.until(lambda: len(answers) == 2)
        answers[1](AddDiagnostics.Response(message="in time"))
        return await second

    assert ros_loop.run(talk()).message == "in time"
    with pytest.raises(ValueError, match="has been answered"):
        answers[1](AddDiagnostics.Response())


def test_requests_are_answered_in_any_order_or_never(ros_loop, services):
    taken = []
    name = services.serve("~/load", TYPE, lambda *request: taken.append(request))
    assert name == "/graph/host/load"
    assert services.awaited == ["waits for requests to the service /graph/host/load"]
    client = ros_loop.node("caller").create_client(AddDiagnostics, name)

    async def talk():
        await ros_loop.until(client.service_is_ready)
        calls = [client.call_async(asked(text)) for text in "abc"]
        await ros_loop.until(lambda: len(taken) == 3)
        for request, answer in (taken[2], taken[0]):
            answer(AddDiagnostics.Response(message=request.load_namespace))
        await ros_loop.until(lambda: calls[0].done() and calls[2].done())
        return calls

    calls = ros_loop.run(talk())
    assert (calls[0].result().message, calls[2].result().message) == ("a", "c")
    assert not calls[1].done()


def test_a_hundred_calls_leave_nothing_behind(ros_loop, services):
    client = services.client("load", TYPE)
    offer(ros_loop)

    def left():
        gc.collect()
        return (sum(type(each) is Future for each in gc.get_objects()), client.pending,
                len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task")))

    async def talk():
        await client.appears(None)
        await client.call(asked("first"), 60.0)
        before = left()
        for number in range(100):
            assert (await client.call(asked(str(number)), 60.0)).message == f"{number}!"
        return before

    before = ros_loop.run(talk())
    assert left() == before


@pytest.mark.parametrize("name, expected", [
    ("load", "/elsewhere"), ("/graph/load", "/elsewhere"), ("~/load", "/graph/host/load"),
    ("other/_hidden", "/graph/other/_hidden"), ("/other", "/other")])
def test_names_are_those_of_ros_and_remapped(ros_loop, name, expected):
    node = ros_loop.node("host", namespace="/graph",
                         cli_args=["--ros-args", "-r", "load:=/elsewhere"])
    assert HostServices(node).client(name, TYPE).name == expected
    assert HostServices(node).serve(name, TYPE, print) == expected


def test_what_cannot_be_is_an_input_error(services):
    with pytest.raises(InputError, match="service '/a b'"):
        services.client("/a b", TYPE)
    with pytest.raises(InputError, match="service 'a//b'"):
        services.serve("a//b", TYPE, print)
    services.client("load", TYPE)
    with pytest.raises(InputError, match="SelfTest: .*incompatible type"):
        services.serve("load", "diagnostic_msgs/srv/SelfTest", print)
    with pytest.raises(InputError, match="the package no_srvs is not installed"):
        services.client("load", "no_srvs/srv/X")


def test_a_type_whose_libraries_are_missing_is_an_input_error(services, monkeypatch):
    def fail():
        raise RuntimeError("libarm.so: cannot open shared object file")

    monkeypatch.setattr(AddDiagnostics, "__import_type_support__", fail)
    with pytest.raises(InputError, match="cannot be loaded: libarm.so: .*apt install ros-"):
        services.client("load", TYPE)


def test_a_node_that_is_made_anew_offers_and_calls_again(ros_loop, services):
    heard = []
    for _ in range(2):
        services.serve("load", TYPE, lambda _, answer: heard.append(answer))
        client = services.client("load", TYPE)
        services.close()
    services.serve("load", TYPE, lambda _, answer: answer(AddDiagnostics.Response(message="new")))
    client = services.client("load", TYPE)

    async def talk():
        await client.appears(None)
        return await client.call(asked("a"), 60.0)

    assert ros_loop.run(talk()).message == "new" and not heard
