"""Pipelines by hand: routes, loops, fan-out, what stages give each other."""

import pytest

from dnne_ros.errors import InputError
from dnne_ros.jobs.pipelines.pipeline import Pipeline, plan_of, record
from dnne_ros.jobs.pipelines.pipeline_drawing import draw_pipeline
from dnne_ros.jobs.pipelines.pipeline_file import Condition
from dnne_ros.jobs.work.orders import cancel

LOOP = """\
name: deploy
stages:
  train:
    function: note
    arguments: {rate: "{tune.choice}"}
    at_most: 3
    priority: high
    pass: evaluate
  evaluate:
    function: note
    arguments: {of: "{train.checkpoint}"}
    when: mean_return >= 450
    at_most: 3
    pass: ship
    fail: tune
  tune:
    function: note
    choices: [slow, fast]
    at_most: 2
    pass: train
  ship:
    function: note
    arguments: {returned: "{evaluate.mean_return}"}
"""


@pytest.fixture
def begun(store, tmp_path):
    """Begin a pipeline that is given as YAML."""
    def begin(text):
        path = tmp_path / "pipeline.yaml"
        path.write_text(text)
        return Pipeline.read(path).submit(store)
    return begin


class Course:
    """A pipeline whose jobs are run by hand."""

    def __init__(self, store, hands, number):
        self.store, self.hands, self.number = store, hands, number

    def queued(self):
        return [each for each in self.store.jobs(("queued",)) if each.pipeline == self.number]

    def end(self, value=None, code=0):
        """End the first job that is queued; returns its stage."""
        found = self.queued()[0]
        self.hands.run(found.id, code, figures={} if value is None else {"mean_return": value})
        return found.stage

    @property
    def record(self):
        return record(self.store, self.number)


def test_a_pass_leads_to_the_end(store, hands, begun):
    course = Course(store, hands, begun(LOOP))
    assert [course.end(), course.end(470), course.end()] == ["train", "evaluate", "ship"]
    assert course.record.state == "succeeded"
    assert course.record.course.path == ["train", "evaluate", "ship"]
    train, evaluate, ship = store.jobs(pipeline=course.number)
    assert {each.level for each in (train,)} == {2}
    assert dict(store.spec(evaluate.id).task.arguments) == {
        "of": f"{{jobs}}/{train.id}/checkpoint"}
    assert dict(store.spec(ship.id).task.arguments) == {"returned": "470"}


def test_a_failure_is_tuned_by_the_best_choice_and_tried_again(store, hands, begun):
    course = Course(store, hands, begun(LOOP))
    assert [course.end(), course.end(100)] == ["train", "evaluate"]
    assert [each.name for each in course.queued()] == ["tune slow", "tune fast"]
    assert [course.end(200), course.end(300)] == ["tune", "tune"]
    assert dict(store.spec(course.queued()[0].id).task.arguments) == {"rate": "fast"}
    assert [course.end(), course.end(460), course.end()] == ["train", "evaluate", "ship"]
    assert course.record.state == "succeeded"


def test_a_loop_ends_when_its_stage_has_run_often_enough(store, hands, begun):
    course = Course(store, hands, begun(LOOP))
    while course.queued():
        course.end(10)
    found = course.record
    assert found.state == "failed"
    assert found.reason == ("evaluate has failed: mean_return >= 450, and it is 10; tune has run "
                            "2 times")
    assert found.course.times == {"train": 3, "evaluate": 3, "tune": 2}


def test_a_fan_out_waits_for_all_and_takes_their_mean(store, hands, begun):
    course = Course(store, hands, begun("""\
stages:
  many: {function: note, choices: [a, b, c], reduce: mean, metric: mean_return,
         when: mean_return > 2, pass: last}
  last: {function: note, arguments: {mean: "{many.mean_return}"}}
"""))
    course.end(1)
    course.end(2)
    assert {each.stage for each in course.queued()} == {"many"}
    course.end(6)
    assert dict(store.spec(course.queued()[0].id).task.arguments) == {"mean": "3.0"}


def test_one_of_many_that_fails_fails_the_stage(store, hands, begun):
    course = Course(store, hands, begun(
        "stages: {many: {function: note, choices: [a, b]}}"))
    course.end(5)
    course.end(code=1)
    assert course.record.state == "failed"


def test_a_job_that_takes_over_stands_for_the_one_that_failed(store, hands, begun, tmp_path):
    (tmp_path / "rescue.yaml").write_text("function: note\narguments: {rescue: 1}\n")
    course = Course(store, hands, begun("""\
stages:
  first: {function: note, escalate_to: rescue.yaml, pass: second}
  second: {function: note}
"""))
    assert course.end(code=1) == "first" and course.record.state == "running"
    assert [course.end(), course.end()] == ["first", "second"]
    assert course.record.state == "succeeded"


def test_a_cancelled_stage_cancels_the_pipeline(store, hands, begun):
    course = Course(store, hands, begun(LOOP))
    job = course.queued()[0].id
    cancel(store, [job])
    assert (course.record.state, course.record.reason) == (
        "cancelled", f"job {job} was cancelled")
    assert course.queued() == []


def test_an_error_of_the_condition_figure_counts_as_not_passed():
    condition = Condition.parse("accuracy>=0.9")
    assert not condition.holds({}) and not condition.holds({"accuracy": "high"})
    assert condition.holds({"accuracy": 0.9}) and str(condition) == "accuracy >= 0.9"


def test_all_that_is_wrong_with_a_file_is_said_at_once(begun):
    with pytest.raises(InputError) as caught:
        begun("""\
nmae: x
stages:
  train: {function: note, pass: evaluat, at_most: 0}
  evaluate: {function: nothing, when: good enough, fial: train, priority: urgent}
""")
    said = str(caught.value)
    for part in ("unknown key 'nmae'; did you mean name?",
                 "stage train: pass: there is no stage 'evaluat'; did you mean evaluate?",
                 "stage train: at_most: expected a whole number from 1 to 1000, found 0",
                 "stage evaluate: unknown key 'fial'; did you mean fail?",
                 "no installed package registers the function 'nothing'",
                 "stage evaluate: when: expected a condition such as mean_return >= 450",
                 "stage evaluate: priority: expected critical, high, normal, low"):
        assert part in said


def test_a_circle_that_may_be_gone_only_once_is_printed(begun):
    with pytest.raises(InputError, match="the routes a → b → a lead in a circle"):
        begun("stages: {a: {function: note, pass: b}, b: {function: note, fail: a}}")


def test_a_picture_has_every_stage_and_route(store, begun):
    number = begun(LOOP)
    picture = draw_pipeline(plan_of(store, number), record(store, number).course.times)
    assert picture.count("<rect") == 4 and picture.count("<path") == 4
    assert "run 1 of 3 times" in picture and "mean_return &gt;= 450" in picture
