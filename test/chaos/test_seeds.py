"""A few seeds of the chaos harness, and whether it would see what it looks for."""

import json

import numpy as np
import pytest

from chaos.files import RECORD, taken_by
from chaos.flatness import slope, trends
from chaos.items import Item, item, of_array, to_array
from chaos.plan import Plan
from chaos.trial import run_seed
from chaos.verdict import Taken, judge

SEEDS = [159, 325, 376]
"""Items of the size from which memory is shared, on DDS that loses some; large ones on sockets
that lose some; streams that are chosen from and dropped from.  Neighbours die at once, or all."""
ACTS = 3


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_lossless_loses_nothing_whatever_dies(seed, tmp_path, warm):
    outcome = run_seed(seed, tmp_path, warm, acts=ACTS)
    assert not outcome["complaints"], "\n".join(outcome["complaints"])
    assert outcome["items"] and outcome["kills"]


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 4096])
def test_an_item_says_what_it_is(size):
    made = Item(size, item("small", size).value & (1 << 8 * min(size, 8)) - 1)
    assert of_array(to_array(made)) == made


def test_an_item_that_is_not_whole_is_seen():
    array = to_array(Item(100, 12345)).copy()
    array[77] ^= 1
    with pytest.raises(ValueError, match="an item of 100 bytes"):
        of_array(array)


def items(*numbers):
    return [Item(8, number) for number in numbers]


@pytest.mark.parametrize(("lives", "twice", "lacking", "wrong"), [
    ([(1, 2, 3, 4)], 0, 0, False),
    ([(1, 2, 3), (2, 3, 4)], 2, 0, False),
    ([(1, 2, 3), (2,), (1, 2, 3, 4)], 4, 0, False),
    ([(1, 2)], 0, 2, False),
    ([(1, 2), (4,)], 0, 2, True),
    ([(1, 3, 2, 4)], 0, 3, True),
    ([(1, 2, 2, 3, 4)], 0, 2, True)],
    ids=["whole", "again", "again and again", "lost", "gap", "order", "twice in one life"])
def test_what_a_sink_took_is_compared(lives, twice, lacking, wrong):
    taken = Taken([items(1, 2, 3, 4)])
    assert sum(taken.add(items(*life)) for life in lives) == twice
    assert (taken.lacking, bool(taken.wrong)) == (lacking, wrong)


def test_merged_streams_keep_each_their_order():
    taken = Taken([items(1, 2), items(11, 12)])
    assert taken.add(items(1, 11, 12)) == 0 and taken.add(items(11, 12, 2)) == 2
    assert taken.lacking == 0 and not taken.wrong
    taken.add(items(1, 2))
    other = Taken([items(1, 2), items(11, 12)])
    other.add(items(12, 11))
    assert other.wrong


def test_false_counters_are_seen(tmp_path):
    plan = Plan(3)
    feeds = plan.of_type("Feed")
    totals = {feed.widgets["group"]: 5 for feed in feeds}
    streams = plan.streams(totals)
    for part in plan.of_type("Keep"):
        if part.policy("taken") == "lossless":
            (tmp_path / taken_by(part.name)).write_bytes(b"".join(
                RECORD.pack(1, *each) for branch in streams[part.sources["taken"]]
                for each in branch))
    edges = [{"name": f"x → {part.name}/{port}", "sent": count, "received": count, "lost": 0,
              "dropped": 0, "duplicated": 0}
             for part in plan.parts for port, source in part.sources.items()
             for count in [sum(map(len, streams[source]))]]
    assert judge(plan, totals, tmp_path, {"edges": edges}).complaints == []
    edges[0]["received"] -= 1
    edges[1]["lost"] = 1
    assert len(judge(plan, totals, tmp_path, {"edges": edges}).complaints) == 2


def test_every_plan_is_a_graph_whose_sinks_get_something():
    for seed in range(40):
        plan = Plan(seed)
        assert plan.of_type("Keep") and json.dumps(plan.workflow())
        totals = {feed.widgets["group"]: 100 for feed in plan.of_type("Feed")}
        streams = plan.streams(totals)
        assert all(any(streams[sink.sources["taken"]]) for sink in plan.of_type("Keep"))
        assert plan.workflow() == Plan(seed).workflow() and plan.acts == Plan(seed).acts


def test_what_grows_is_not_flat():
    times = np.arange(100.0)
    noise = 10**5 * np.sin(times)
    assert slope(times, 3 * times) == 3
    found = trends({
        ("a", "rss"): list(zip(times, 10**8 + noise)),
        ("b", "rss"): list(zip(times, 10**8 + 10**5 * times + noise)),
        ("a", "descriptors"): [(time, 30 + (time == 50) * 100) for time in times],
        ("b", "threads"): [(time, 5 + time // 20) for time in times]})
    assert {name: trend["flat"] for name, trend in found.items()} == {
        "a rss": True, "b rss": False, "a descriptors": True, "b threads": False}
