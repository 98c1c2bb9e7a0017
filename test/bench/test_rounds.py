"""Cases in turn, medians, ratios, and the document of a benchmark."""

from dnne_ros.bench.rounds import document, interleave, medians, ratio


def test_every_other_round_goes_backwards():
    order = []
    said = []

    def case(name):
        def measure(number):
            order.append((name, number))
            return {"figure": number}
        return measure

    found = interleave({name: case(name) for name in "abc"}, 3, said.append)
    assert order == [(name, number) for number, names in enumerate(("abc", "cba", "abc"))
                     for name in names]
    assert found == {name: {"figure": [0, 1, 2]} for name in "abc"}
    assert said[3] == "round 2 of 3: c"


def test_figures_that_were_not_measured_each_time_have_a_median_too():
    rounds = iter(({"p50": 3.0}, {"p50": 1.0, "p99": 9.0}, {"p50": 2.0}))
    found = interleave({"one": lambda _: next(rounds)}, 3, lambda _: None)
    assert medians(found) == {"one": {"p50": 2.0, "p99": 9.0}}


def test_a_ratio_needs_both_sides():
    assert ratio(1.0, 4.0) == 0.25
    assert ratio(None, 4.0) is None
    assert ratio(1.0, None) is None
    assert ratio(1.0, 0.0) is None


def test_the_document_names_the_machine_and_keeps_every_round():
    written = document("edges", {"one": {"p50": [1.0, 5.0, 2.0]}}, 3, payloads=[16])
    assert written["medians"] == {"one": {"p50": 2.0}}
    assert written["all_rounds"] == {"one": {"p50": [1.0, 5.0, 2.0]}}
    assert written["payloads"] == [16] and written["rounds"] == 3
    assert written["machine"]["cores"] >= 1 and "numpy" in written["machine"]["packages"]
