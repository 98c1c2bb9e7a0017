"""What a person reads of an evaluation."""

import io

from rich.console import Console

from dnne_ros.evaluation.outcome import Comparison, Episode, Outcome
from dnne_ros.evaluation.tables import show


def printed(outcomes, comparison=None, wanted=None):
    text = io.StringIO()
    Console(file=text, width=200).print(show(outcomes, comparison, wanted))
    return text.getvalue()


def of(policy, returns):
    return Outcome(policy, [Episode(seed, 0, each, 10, "time limit", None)
                            for seed, each in enumerate(returns)])


def test_a_table_has_means_ends_and_seeds():
    text = printed([of("c[red]", [1.0, 3.0])])
    assert "c[red]" in text, "a folder's name is no markup"
    assert "2.00 [" in text and "time limit 100%" in text and "not told by the task" in text
    assert "mean return by seed" in text and "3.00" in text


def test_a_comparison_has_its_verdict():
    new, old = of("new", [5.0, 6.0, 7.5]), of("old", [1.0, 2.0, 3.0])
    text = printed([new, old], Comparison(new, old), wanted=6.0)
    assert "new returns 4.17 [" in text and "new is better" in text and "returned ≥ 6" in text
