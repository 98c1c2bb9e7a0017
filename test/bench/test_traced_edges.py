"""What a trace says of an edge is what ``bench edges`` measures of the same one."""

import json
import subprocess
from statistics import median

import pytest

from dnne_ros.bench.children import child_environment
from dnne_ros.bench.edge_peers.rally import Job, write_jobs
from dnne_ros.bench.edge_peers.running import our_graph
from dnne_ros.tracing.collecting import open_trace
from dnne_ros.tracing.matching import Matches

WARM_UP, TRIPS = 20, 500


@pytest.mark.slow
def test_round_trips_take_as_long_by_the_trace_as_by_the_benchmark(tmp_path):
    write_jobs(tmp_path, [Job(2**16, WARM_UP, TRIPS, 2)])
    file = tmp_path / "t.json"
    subprocess.run(our_graph(tmp_path, "--place", "split", "--trace", str(file)), check=True,
                   env=child_environment(), stdout=subprocess.DEVNULL)
    [measured] = json.loads((tmp_path / "ping.json").read_text())
    trace = open_trace(str(file))
    matches = Matches(trace)
    pairs = {edge.source[1]: matches.pairs(edge) for edge in trace.edges.values()}
    there, back = (pairs[port][WARM_UP:WARM_UP + TRIPS] for port in ("ball", "back"))
    assert len(there) == len(back) == TRIPS
    trips = [taken.ended - sent.began for (sent, _), (_, taken) in zip(there, back, strict=True)]
    assert median(trips) / 1e3 == pytest.approx(measured["p50_us"], rel=0.1)
