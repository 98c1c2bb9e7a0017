"""The patterns of the documentation, as a reader runs them."""

import pytest


def used(found):
    assert found["used"] == 40


def answered(found):
    assert found["answers"] == [number ** 2 for number in range(20)]


def joined(found):
    assert found["pairs"] == 30


def recorded(found):
    assert found["states"] == ["idle", "homing", "ready", "moving", "ready", "moving", "ready",
                               "ready", "moving", "fault", "idle"]


def batched(found):
    assert max(found["sizes"]) == 8  # a full batch does not wait
    assert len(found["sizes"]) < 100 / 2
    assert found["total"] == sum(range(sum(found["sizes"])))


def executed(found):
    assert found["done"].index("emergency") < 19
    others = [name for name in found["done"] if name != "emergency"]
    assert others == [f"job {number}" for number in range(19)]


def priced(found):
    assert found["numbers"] == list(range(60))


def stated(found):
    assert found["paid"] == {str(customer): sum(number for number in range(60)
                                                if number * 7 % 5 == customer)
                             for customer in range(5)}


@pytest.mark.parametrize("name, check", [
    ("producer_consumer", used), ("request_response", answered), ("fork_join", joined),
    ("state_machine", recorded), ("batching", batched), ("priority", executed),
    ("replicas", priced), ("keyed_state", stated)])
def test_a_pattern_does_what_it_says_in_both_placements(start_run, repository, name, check):
    folder = repository / "docs" / "examples" / "patterns"
    runs = [start_run(folder / f"{name}.json", "--nodes", folder / f"{name}.py", "--place", place,
                      "--quiet", "--ros-args", "-r", f"__ns:=/{place}")
            for place in ("fused", "split")]
    for run in runs:
        assert run.wait() == 0, run.output
        assert run.report["exit_reason"] == check.__name__, run.output
        check(run.report["metrics"])
        if check is used:  # never more parts on the way than there is room for
            edge, = run.report["edges"]
            assert 40 <= edge["sent"] <= 40 + 5 and edge["blocked_s"] > 0
    fused, split = (run.report["processes"] for run in runs)
    assert len(fused) == 1 < len(split)
