"""How a pipeline goes on: with the transaction in which a job of it ends.

So there is no moment in which a stage has ended and the next is not queued, whatever is killed.
What goes on next is worked out from the plan and from what has run so far (`Course`) alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from dnne_ros import strict_json
from dnne_ros.jobs.description import states
from dnne_ros.jobs.description.references import FILES, filled, references
from dnne_ros.jobs.description.spec import JobSpec
from dnne_ros.jobs.pipelines.pipeline_file import Plan, Stage
from dnne_ros.jobs.store import tables
from dnne_ros.jobs.store.submitting import Books, add_job

_WRITE = sa.update(tables.pipelines).where(tables.pipelines.c.id == sa.bindparam("number"))


@dataclass
class Course:
    """What a pipeline has done: the stage that it is at, and how often each has run.

    ``jobs`` are those of the present stage by number: ``choice``, and once they have ended
    ``state`` and ``figures``.  ``chosen`` is the job that counts of each stage that has ended, and
    ``figures`` what it came to.  ``path`` names the stages in the order in which they were begun.
    """

    stage: str = ""
    times: dict[str, int] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    chosen: dict[str, int] = field(default_factory=dict)
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)
    path: list[str] = field(default_factory=list)


def begin(books: Books, plan: Plan, user: str) -> int:
    """Add a pipeline and queue its first stage; returns its number."""
    number = books.next_id()
    books.connection.execute(sa.insert(tables.pipelines).values(
        id=number, name=plan.name, plan=replaced_user(plan, user).encode(), state=states.RUNNING,
        reason="", course="{}", submitted=books.now))
    _begin_stage(books, number, replaced_user(plan, user), Course(), plan.first)
    return number


def replaced_user(plan: Plan, user: str) -> Plan:
    """Return the plan with a user for each stage that names none."""
    return replace(plan, stages={
        name: replace(stage, spec=replace(stage.spec, user=stage.spec.user or user))
        for name, stage in plan.stages.items()})


def go_on(books: Books, job: sa.RowMapping) -> None:
    """Let the pipeline of a job that has just ended go on."""
    table = tables.pipelines
    row = books.connection.execute(
        sa.select(table).where(table.c.id == job["pipeline"])).mappings().first()
    if row is None or row["state"] != states.RUNNING:
        return
    plan, course = Plan.from_json(json.loads(row["plan"])), course_of(row["course"])
    if job["stage"] != course.stage:
        return
    _note(books, course, job)
    if any("state" not in each for each in course.jobs.values()):
        _write(books, row["id"], course)
        return
    stage = plan.stages[course.stage]
    passed = _close_stage(course, stage)
    following = stage.passed if passed else stage.failed
    if job["state"] == states.CANCELLED:
        _end(books, row["id"], course, states.CANCELLED, f"job {job['id']} was cancelled")
    elif not following:
        outcome = states.SUCCEEDED if passed else states.FAILED
        _end(books, row["id"], course, outcome, _verdict(course, stage, passed))
    elif course.times.get(following, 0) >= plan.stages[following].at_most:
        _end(books, row["id"], course, states.FAILED,
             f"{_verdict(course, stage, passed)}; {following} has run "
             f"{plan.stages[following].at_most} times")
    else:
        _begin_stage(books, row["id"], plan, course, following)


def _note(books: Books, course: Course, job: sa.RowMapping) -> None:
    """Note the end of a job; one that took over from another stands in its place."""
    first = job["id"]
    while str(first) not in course.jobs and (row := books.row(first)) is not None:
        first = row["takes_over"]
    begun = course.jobs.pop(str(first), {"choice": ""})
    course.jobs[str(job["id"])] = {**begun, "state": job["state"],
                                   "figures": json.loads(job["figures"] or "{}")}


def _close_stage(course: Course, stage: Stage) -> bool:
    """Choose the job that counts; returns whether the stage has passed."""
    done = {int(job): each["figures"] for job, each in course.jobs.items()
            if each["state"] == states.SUCCEEDED}
    if not done:
        course.figures[course.stage] = {}
        return False
    best = max(done, key=lambda job: _number(done[job].get(stage.metric)))
    figures = done[best] if stage.reduce == "best" else _mean(list(done.values()))
    course.chosen[course.stage] = best
    course.figures[course.stage] = {**figures, "choice": course.jobs[str(best)]["choice"]}
    whole = len(done) == len(course.jobs)
    return whole and (stage.when is None or stage.when.holds(figures))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else float("-inf")


def _mean(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the mean of each figure that all have."""
    names = [name for name in rows[0] if all(
        isinstance(row.get(name), (int, float)) for row in rows)]
    return {name: sum(row[name] for row in rows) / len(rows) for name in names}


def _verdict(course: Course, stage: Stage, passed: bool) -> str:
    if stage.when is None or not course.figures[course.stage]:
        return f"{course.stage} has {'passed' if passed else 'failed'}"
    found = course.figures[course.stage].get(stage.when.figure)
    return (f"{course.stage} has {'passed' if passed else 'failed'}: {stage.when}, and it is "
            f"{found if found is None or isinstance(found, str) else format(found, '.6g')}")


def _begin_stage(books: Books, number: int, plan: Plan, course: Course, name: str) -> None:
    stage = plan.stages[name]
    spec = resolved(replace(stage.spec, pipeline=number, stage=name), course)
    course.jobs = {}
    for choice in stage.choices or ("",):
        words = (*spec.task.words, choice) if choice else spec.task.words
        job = add_job(books, replace(spec, name=f"{spec.name} {choice}".strip(),
                                     task=replace(spec.task, words=words)),
                      f"stage {name} of pipeline {number}")
        course.jobs[str(job)] = {"choice": choice}
    course.stage = name
    course.times[name] = course.times.get(name, 0) + 1
    course.path.append(name)
    _write(books, number, course)


def resolved(spec: JobSpec, course: Course) -> JobSpec:
    """Return a stage's job with what its words and arguments refer to put in.

    ``{train.checkpoint}`` is a path, ``{train.mean_return}`` a figure, ``{tune.choice}`` the word
    that was best.  A stage that has not run gives nothing, and such a word is left out.
    """
    words = [_filled(word, course) for word in spec.task.words
             if all(stage in course.chosen for stage, _ in references(word))]
    arguments = {name: _filled(value, course) if isinstance(value, str) else value
                 for name, value in spec.task.arguments.items()}
    return replace(spec, task=replace(spec.task, words=tuple(words), arguments=arguments))


def _filled(text: str, course: Course) -> str:
    def value(stage: str, what: str) -> str:
        if stage not in course.chosen:
            return ""
        if what in FILES:
            return FILES[what] % course.chosen[stage]
        return str(course.figures[stage].get(what, ""))
    return filled(text, value)


def _write(books: Books, number: int, course: Course) -> None:
    books.connection.execute(_WRITE, {
        "number": number, "course": strict_json.dumps(vars(course))})


def _end(books: Books, number: int, course: Course, state: str, reason: str) -> None:
    course.jobs = {}
    _write(books, number, course)
    books.connection.execute(
        sa.update(tables.pipelines).where(tables.pipelines.c.id == number)
        .values(state=state, reason=reason, ended=books.now))


def course_of(text: str) -> Course:
    """Return the course that the table has as a text."""
    return Course(**json.loads(text))
