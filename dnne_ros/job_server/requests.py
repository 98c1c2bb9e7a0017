"""What the services do: a text comes, and whether it went well goes back with another text.

Texts come from anybody whom DDS reaches, so they may say what a job file may, and no more: which
code may run is not among it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from dnne_ros import strict_json
from dnne_ros.errors import DnneError, InputError, describe
from dnne_ros.jobs.description.job_file import mapping_of, read_job_file, spec_of_order
from dnne_ros.jobs.description.spec import JobSpec
from dnne_ros.jobs.description.states import STATES
from dnne_ros.jobs.store.schedules import add_schedule
from dnne_ros.jobs.store.store import JobStore
from dnne_ros.jobs.work import orders

_MOST_LISTED = 50
_MOST_CHARACTERS = 20_000
"""Of a request: YAML of that size is read in a second."""


class Answer(NamedTuple):
    """Whether a request was carried out; ``text`` is JSON, or what was wrong."""

    success: bool
    text: str


def answer(name: str, store: JobStore, text: str) -> Answer:
    """Return the answer of the service ``name``, one of `SERVICES`; nothing is raised."""
    try:
        if len(text) > _MOST_CHARACTERS:
            raise InputError(name, [f"expected at most {_MOST_CHARACTERS} characters, found "
                                    f"{len(text)}"])
        return Answer(True, strict_json.dumps(SERVICES[name](store, text)))
    except DnneError as error:
        return Answer(False, str(error))
    except Exception as error:  # a store that is out of reach, for one: who calls is to know
        return Answer(False, f"{name}: {describe(error).partition(chr(10))[0]}")


def submit(store: JobStore, text: str) -> Mapping[str, object]:
    """Add a job: the keys of a job file as YAML or JSON, or the name of such a file or workflow.

    Names count from the present folder.  Returns its number and state; `InputError`.
    """
    spec, cron = _order(text)
    if cron:
        return {"schedule": add_schedule(store, spec, cron), "cron": cron}
    job = store.job(store.submit(spec))
    return {"job": job.id, "name": job.name, "state": job.state, "reason": job.reason}


def _order(text: str) -> tuple[JobSpec, str]:
    name = text.strip()
    if name.startswith("{") or "\n" in name:
        return spec_of_order(mapping_of(name, "submit"), "submit", Path.cwd())
    if not name:
        raise InputError("submit", ["expected the name of a workflow or a job file, or a job as "
                                    "{workflow: NAME, …}, found nothing"])
    if Path(name).suffix in (".yaml", ".yml"):
        return read_job_file(Path(name))
    return spec_of_order({"workflow": name}, name, Path.cwd())


def cancel(store: JobStore, text: str) -> Mapping[str, object]:
    """Cancel jobs by their numbers; those that run are interrupted.  `InputError`."""
    numbers = _numbers(text.replace(",", " ").split(), "cancel")
    if not numbers:
        raise InputError("cancel", ["expected numbers of jobs, found nothing"])
    running = orders.cancel(store, numbers)
    return {"cancelled": [each for each in numbers if each not in running],
            "interrupted": running}


def jobs(store: JobStore, text: str) -> Sequence[Mapping[str, object]]:
    """Return what is known of jobs: those of some numbers, or the latest in some states or all.

    `InputError` for a number without a job, and for what is no state.
    """
    words = text.replace(",", " ").split()
    if words and all(word.isdecimal() for word in words):
        return [store.job(number).as_dict() for number in _numbers(words, "list")]
    if wrong := [word for word in words if word not in STATES]:
        raise InputError("list", [f"expected numbers of jobs, or some of {', '.join(STATES)}; "
                                  f"found {word!r:.40}" for word in wrong])
    return [job.as_dict() for job in store.jobs(words, _MOST_LISTED)]


def _numbers(words: Sequence[str], source: str) -> list[int]:
    if wrong := [word for word in words if not (word.isdecimal() and len(word) < 10)]:
        raise InputError(source, [f"expected numbers of jobs, found {word!r:.40}"
                                  for word in wrong])
    return [*dict.fromkeys(map(int, words))]


SERVICES: Mapping[str, Callable[[JobStore, str], object]] = {
    "submit": submit, "cancel": cancel, "list": jobs}
