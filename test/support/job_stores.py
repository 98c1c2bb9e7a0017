"""What tests do with stores of jobs, without the processes of workers."""

from dnne_ros.jobs.description.needs import Capacity
from dnne_ros.jobs.description.spec import JobSpec, Task

FUNCTIONS = '''\
import os
import time
from pathlib import Path

from dnne_ros.durable_files import write_file
from dnne_ros.errors import InputError


def mark(context, path, seconds=0.0):
    """Leave a file, halfway through; doing it again changes nothing."""
    time.sleep(seconds / 2)
    write_file(Path(path), str(context.job).encode())
    time.sleep(seconds / 2)
    return {"value": 3.5}


def hang(context):
    """Say that it runs, and go on for ever, with a process that has left its group."""
    if os.fork() == 0:
        os.setsid()  # as the processes of a graph do
    else:
        context.progress(0.5, loss=2.0)
        write_file(context.folder / "started", b"")
    while True:
        time.sleep(60)


def fail(context, code=1):
    """Fail with an exit code."""
    print("it went wrong")
    raise SystemExit(code)


def wrong(context):
    """Find its input wrong."""
    raise InputError("wrong", ["no such thing"])


def note(context, **arguments):
    """Return its arguments, and what it was granted."""
    return {**arguments, "cuda": os.environ.get("CUDA_VISIBLE_DEVICES", "-"),
            "cpus": len(os.sched_getaffinity(0))}
'''
_NAMES = ("mark", "hang", "fail", "wrong", "note")


def write_kit(folder):
    """Write an installed package that registers the functions."""
    (folder / "jobkit.py").write_text(FUNCTIONS)
    info = folder / "jobkit-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text(
        "[dnne_ros.jobs]\n" + "".join(f"{name} = jobkit:{name}\n" for name in _NAMES))
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: jobkit\nVersion: 1.0\n")


class Clock:
    """Time that passes only when a test says so."""

    def __init__(self):
        self.now = 1_700_000_000.0

    def __call__(self):
        return self.now


def job(name="note", /, *, arguments=None, **treatment):
    """A specification of a job that calls one of the functions."""
    return JobSpec(Task(function=name, arguments=arguments or {}), **treatment)


class Hands:
    """What a worker does, without its process: it starts and ends jobs by hand."""

    def __init__(self, store, capacity=None, host="here", worker="w1"):
        self.store, self.host, self.worker = store, host, worker
        self.capacity = capacity or Capacity(("0", "1"), (0, 1, 2, 3), 8 * 2**30)

    def start(self, number):
        """Take up a job as if the engine had handed out its ticket; returns the claim or None."""
        from dnne_ros.jobs.store.submitting import ticket_of
        from dnne_ros.jobs.work.starting import start_job

        with self.store.turn() as books:
            ticket = ticket_of(number, books.row(number)["ticket"])
            return start_job(books, ticket, self.worker, self.host, self.capacity)

    def end(self, claim, code=0, **details):
        """End it; returns whether that counted."""
        from dnne_ros.jobs.work.ending import Outcome, finish
        from dnne_ros.jobs.work.starting import release_waiting

        with self.store.turn() as books:
            counted = finish(books, claim.job, claim.start,
                             Outcome(code, f"exit code {code}", **details))
            release_waiting(books, self.host, self.capacity)
        return counted

    def run(self, number, code=0, **details):
        """Start a job and end it; returns the job."""
        claim = self.start(number)
        assert claim is not None, self.store.job(number)
        self.end(claim, code, **details)
        return self.store.job(number)


def order_of(store):
    """The queued jobs in the order in which the engine hands them out."""
    import sqlalchemy as sa

    with store.database.connect() as connection:
        rows = connection.execute(sa.text(
            "select workflow_uuid from workflow_status where status in ('ENQUEUED', 'DELAYED') "
            "order by priority, created_at"))
        found = [int(name.partition("-")[2].partition(".")[0]) for name, in rows]
    return [number for number in found if store.job(number).state == "queued"]
