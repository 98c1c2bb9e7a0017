"""What a trace says of an edge is what ``bench edges`` measures of the same one."""

import json
import subprocess
from itertools import pairwise
from statistics import median

import pytest

from dnne_ros.bench.children import child_environment
from dnne_ros.bench.edge_peers.rally import Job, write_jobs
from dnne_ros.bench.edge_peers.running import our_graph
from dnne_ros.tracing.collecting import open_trace
from dnne_ros.tracing.matching import Matches

WARM_UP, TRIPS, STREAM = 20, 500, 3000


@pytest.mark.slow
@pytest.mark.parametrize("place, payload", [("fused", 16), ("split", 2**16)])
def test_a_trace_and_the_benchmark_say_the_same_of_an_edge(tmp_path, place, payload):
    """Of a round trip, and of a stream; a trip is over when the next one begins.

    So it has what the node does in between, which is work in a trace: in one process, that is
    a tenth of it.
    """
    write_jobs(tmp_path, [Job(payload, WARM_UP, TRIPS, STREAM)])
    file = tmp_path / "t.json"
    subprocess.run(our_graph(tmp_path, "--place", place, "--trace", str(file)), check=True,
                   env=child_environment(), stdout=subprocess.DEVNULL)
    [measured] = json.loads((tmp_path / "ping.json").read_text())
    trace = open_trace(str(file))
    matches = Matches(trace)
    pairs = {edge.source[1]: matches.pairs(edge) for edge in trace.edges.values()}
    sent = [act.began for act, _ in pairs["ball"]]
    assert len(sent) == WARM_UP + TRIPS + STREAM
    trips = [after - before for before, after in pairwise(sent[WARM_UP:WARM_UP + TRIPS + 1])]
    assert median(trips) / 1e3 == pytest.approx(measured["p50_us"], rel=0.1)
    seconds = (pairs["back"][-1][1].ended - sent[-STREAM]) / 1e9
    assert STREAM / seconds == pytest.approx(STREAM / measured["stream_s"], rel=0.1)
