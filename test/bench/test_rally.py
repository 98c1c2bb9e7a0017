"""Both ends of a rally follow the same list of turns."""

import json

import numpy as np
from hypothesis import given, strategies as st

from dnne_ros.bench.edge_peers.rally import Job, Rally, read_jobs, write_jobs

COUNT = st.integers(2, 6)
JOBS = st.lists(st.builds(Job, st.sampled_from((8, 16, 4096)), COUNT, COUNT, COUNT), min_size=1,
                max_size=3)


@given(jobs=JOBS)
def test_both_ends_take_the_same_turns(tmp_path_factory, jobs):
    folder = tmp_path_factory.mktemp("rally")
    write_jobs(folder, jobs)
    assert read_jobs(folder) == jobs
    serving = list(Rally(folder, "ping"))
    assert serving == list(Rally(folder, "pong"))
    assert serving == [times for job in jobs
                       for times in (*[1] * (job.warm_up + job.trips), job.items)]


def test_figures_say_what_came(tmp_path):
    write_jobs(tmp_path, [Job(16, 1, 4, 5), Job(64, 1, 2, 3)])
    rally = Rally(tmp_path, "pong")
    for times in rally:
        if times == 5:
            rally.received = 2
    rally.note(same_object=True)
    first, second = json.loads((tmp_path / "pong.json").read_text())
    assert (first["payload"], first["items"], first["received"]) == (16, 5, 2)
    assert (second["payload"], second["items"], second["received"]) == (64, 3, 3)
    assert "same_object" not in first and second["same_object"]
    assert 0 < first["p50_us"] <= first["p99_us"] and first["trips_s"] > 0


def test_the_payload_stays_the_same_until_the_next_job(tmp_path):
    write_jobs(tmp_path, [Job(16, 2, 2, 2), Job(64, 2, 2, 2)])
    rally = Rally(tmp_path, "ping")
    payloads = {id(rally.payload): rally.payload for _ in rally}
    assert [(p.dtype, p.size) for p in payloads.values()] == [(np.float32, 4), (np.float32, 16)]
    assert all(((p >= 0) & (p < 1)).all() for p in payloads.values())
