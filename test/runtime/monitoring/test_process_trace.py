"""What is recorded of one process, as its nodes ask for it."""

from types import SimpleNamespace

from dnne_ros.options.run_settings import RunSettings
from dnne_ros.runtime.monitoring.process_trace import ProcessTrace


def test_what_cannot_be_recorded_is_said_once_and_not_for_each_node():
    traced, said = {}, []
    hosts = {id: SimpleNamespace(traced=True) for id in "abc"}
    contexts = {id: SimpleNamespace(trace=lambda tracer, id=id: traced.update({id: tracer}))
                for id in hosts}
    graph = SimpleNamespace(namespace="/g", nodes={}, edges=[])
    ProcessTrace(graph, "main", RunSettings(trace_records=10**11), hosts, contexts, said.append)
    [line] = said
    assert line.startswith("nothing is recorded: ") and line.endswith(": File too large")
    assert traced == dict.fromkeys(hosts)
