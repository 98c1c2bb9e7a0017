"""What is understood of ``/diagnostics``, whoever publishes there, and how it is shown."""

from types import SimpleNamespace

from hypothesis import given, strategies as st
from rich.console import Console

from dnne_ros.node_api.health import Level
from dnne_ros.top.keys import split_keys
from dnne_ros.top.screen import Screen
from dnne_ros.top.state import TopState
from dnne_ros.top.view import show_graph


def array(*statuses):
    return SimpleNamespace(status=list(statuses))


def status(name, values, level=Level.OK, message="ok", hardware_id="/g"):
    return SimpleNamespace(
        level=bytes([level]), name=name, message=message, hardware_id=hardware_id,
        values=[SimpleNamespace(key=k, value=str(v)) for k, v in values.items()])


def node(name, process="main", **values):
    return status(f"/g/{name}", {"dnne_ros": "node", "process": process, "type": "T",
                                 "cpu_percent": 50.0, "taken": 7, **values})


def end(which, level=Level.OK, message="5 items/s", **values):
    return status(f"/g: edge a/x → b/y ({which})", {
        "dnne_ros": "edge", "edge": "a/x → b/y", "end": which, "policy": "lossless",
        "transport": "dds", "capacity": 10, **values}, level, message)


def rendered(graph, now, **options):
    console = Console(width=140, force_terminal=False)
    with console.capture() as capture:
        console.print(show_graph(graph, now, **options))
    return capture.get()


def test_two_ends_are_one_edge():
    state = TopState()
    state.note(array(node("a", "one", processes=2),
                     end("sender", Level.WARN, "blocked 80% of the last second: b does not …",
                         process="one", sent=12, blocked_percent=80, depth=4, dropped=1)), 1.0)
    graph = state.graphs["/g"]
    assert graph.silent == 1
    state.note(array(node("b", "two", processes=2),
                     end("receiver", process="two", received=8, received_per_s=4.5,
                         lost=0, depth=3, dropped=2)), 1.5)
    assert not graph.silent and graph.processes(2.0) == {"one": 50, "two": 50}
    edge, = graph.as_dict(2.0)["edges"]
    assert edge == {
        "name": "a/x → b/y", "level": "WARN", "stale": False, "capacity": 10, "depth": 4,
        "message": "blocked 80% of the last second: b does not …", "policy": "lossless",
        "transport": "dds", "sender_process": "one", "receiver_process": "two",
        "sent": 12, "blocked_percent": 80, "received": 8, "received_per_s": 4.5, "lost": 0,
        "dropped": 3}
    shown = rendered(graph, 2.0)
    assert "2 processes, CPU 100 %" in shown and "blocked" in shown and "███░░░ 4/10" in shown


def test_what_has_carried_an_edge_is_what_either_end_has_seen():
    state = TopState()
    state.note(array(node("a", "one"), end("sender", transport="socket+dds"),
                     end("receiver", transport="socket")), 1.0)
    edge, = state.graphs["/g"].as_dict(1.0)["edges"]
    assert edge["transport"] == "socket+dds"


def test_who_is_silent_is_marked_and_then_forgotten():
    state = TopState()
    state.note(array(node("a"), end("both")), 1.0)
    graph = state.graphs["/g"]
    assert not graph.as_dict(3.9)["nodes"][0]["stale"]
    assert graph.as_dict(4.1)["nodes"][0]["stale"] and graph.as_dict(4.1)["edges"][0]["stale"]
    assert "/g   silent for 5 s" in rendered(graph, 6.0)
    state.forget(60.0)
    assert state.graphs
    state.forget(62.0)
    assert not state.graphs


def test_a_graph_that_was_started_again_in_another_placement():
    state = TopState()
    state.note(array(node("a"), end("both", Level.ERROR, "lost 1 item, …", lost=1)), 1.0)
    state.note(array(node("a"), end("sender", sent=3)), 9.0)
    edge, = state.graphs["/g"].as_dict(9.5)["edges"]
    assert edge["level"] == "OK" and "lost" not in edge


words = st.text(max_size=5) | st.sampled_from(
    ["dnne_ros", "node", "edge", "end", "taken", "capacity", "depth", "nan", "1e999", "-3", "7"])


@given(st.lists(st.tuples(words, st.dictionaries(words, words, max_size=4), words,
                          st.integers(0, 255))))
def test_strangers_do_no_harm(statuses):
    state = TopState()
    for name, values, hardware_id, level in statuses:
        state.note(array(status(name, values, level, "?", hardware_id)), 1.0)
    for graph in state.graphs.values():
        assert rendered(graph, 2.0) and graph.as_dict(2.0)["nodes"]


def test_what_is_wrong_comes_first_and_the_rest_can_be_scrolled_to():
    state = TopState()
    state.note(array(*(node(f"n_{number}") for number in range(40)),
                     status("/g/n_33", {"dnne_ros": "node"}, Level.ERROR, "on fire")), 1.0)
    shown = rendered(state.graphs["/g"], 1.0, rows=15)
    assert "40 nodes, 1 to 10" in shown
    names = [line.split()[0] for line in shown.splitlines() if line.startswith("n_")]
    assert names == ["n_33", *(f"n_{number}" for number in range(9))]
    assert "n_39" in rendered(state.graphs["/g"], 1.0, rows=15, scroll=1000)


def test_keys_choose_the_graph_and_the_line():
    assert split_keys("q\x1b[A\x1b[B\x1b[6~\t\x1b[Z\x1bOP") == [
        "q", "up", "down", "page down", "right", "left", "O", "P"]
    state = TopState()
    screen = Screen(state, "", "on /diagnostics (here)")
    console = Console(width=80, height=12)

    def shown():
        with console.capture() as capture:
            console.print(screen.render(12))
        return capture.get()
    assert "waiting for a graph on /diagnostics (here)" in shown()
    for namespace in ("/g", "/h"):
        one = node("a")
        one.hardware_id = namespace
        state.note(array(one), 1.0)
    state.forget = lambda now: None  # the screen's clock is the real one
    assert "\n/g   " in shown()
    screen.press("right")
    assert "\n/h   " in shown()
    screen.press("right")
    assert "\n/g   " in shown()
