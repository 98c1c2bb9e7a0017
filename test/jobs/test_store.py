"""The store as a file: what is refused, what survives, what commands say of it."""

import asyncio
import importlib.util
import json
import sys
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from job_stores import job

from dnne_ros.cli.main import main
from dnne_ros.errors import InputError
from dnne_ros.jobs.commands.views import sparkline
from dnne_ros.jobs.store import tables
from dnne_ros.jobs.store.store import JobStore, StoreError, default_folder


@pytest.fixture
def said(store, capsys):
    """Run a `jobs` command on the store, in this process; returns its exit code and words."""
    def run(*words):
        code = main(["jobs", *words, "--store", str(store.folder)])
        output = capsys.readouterr()
        return SimpleNamespace(code=code, out=output.out, err=output.err)
    return run


def test_the_default_place_follows_the_xdg_directories(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "dnne_ros" / "jobs"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")  # which the specification says to ignore
    monkeypatch.setenv("HOME", "/home/x")
    assert str(default_folder()) == "/home/x/.local/state/dnne_ros/jobs"


def test_two_programs_use_one_store_and_number_their_jobs_apart(store):
    with JobStore(store.folder) as other:
        numbers = [each.submit(job()) for each in (store, other, store)]
    assert numbers == [1, 2, 3] and [each.id for each in store.jobs()] == numbers


def test_a_store_of_a_newer_program_is_refused(store):
    with store.database.begin() as connection:
        connection.execute(sa.update(tables.store).values(version=tables.VERSION + 1))
    with pytest.raises(InputError, match=f"a store of version {tables.VERSION + 1}, from a newer"):
        JobStore(store.folder)


def test_a_store_of_an_older_program_is_brought_up_to_date_with_its_jobs(store):
    number = store.submit(job())
    with store.database.begin() as connection:
        connection.execute(sa.text("DROP INDEX dnne_jobs_next"))
        connection.execute(sa.update(tables.store).values(version=1))
    for _ in range(2):
        with JobStore(store.folder) as again, again.database.connect() as connection:
            assert again.job(number).state == "queued"
            assert connection.execute(sa.select(tables.store.c.version)).scalar() == tables.VERSION
            assert "dnne_jobs_next" in {each["name"] for each in
                                        sa.inspect(connection).get_indexes("dnne_jobs")}


def test_what_is_no_store_is_refused(tmp_path):
    (tmp_path / "jobs.sqlite").write_bytes(b"something else, which is long enough" * 99)
    with pytest.raises(InputError, match="cannot be opened as a store of jobs: file is not a"):
        JobStore(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be opened"):
        JobStore(tmp_path / "file")


@pytest.mark.parametrize("place", ["nowhere.invalid/db", "nowhere.invalid:port/db"])
def test_no_message_has_the_password_of_a_server(tmp_path, place):
    with pytest.raises(InputError, match="cannot be opened as a store of jobs") as refused:
        JobStore(f"postgresql://ann:secret@{place}", folder=tmp_path)
    assert "secret" not in str(refused.value) and str(refused.value).startswith("postgresql://")


def test_on_a_full_disk_a_job_is_refused_and_the_store_stays_whole(store):
    before = store.submit(job())
    with store.database.connect() as connection:
        pages = connection.execute(sa.text("PRAGMA page_count")).scalar_one()
        connection.execute(sa.text(f"PRAGMA max_page_count={pages}"))
    with pytest.raises(StoreError, match="the disk is full"):
        store.submit(job(arguments={"a": "x" * 100_000}))
    with store.database.connect() as connection:
        connection.execute(sa.text("PRAGMA max_page_count=1000000"))
        assert connection.execute(sa.text("PRAGMA integrity_check")).scalar_one() == "ok"
    assert [each.id for each in store.jobs()] == [before] and store.submit(job()) == before + 1


def test_commands_show_what_there_is(store, hands, said):
    first = store.submit(job(name="first\x1b[2J", retries=1, user="ann"))
    store.submit(job(after=(first,)))
    hands.run(first, 1)
    listed = said("list")
    assert listed.code == 0 and f"after job {first}" in listed.out and "\x1b" not in listed.out
    shown = said("show", str(first))
    assert "2 of 2, exponential; 1 starts" in shown.out and "waiting" in shown.out
    found = json.loads(said("list", "--json", "--status", "waiting").out)
    assert [each["id"] for each in found] == [1, 2]
    assert json.loads(said("show", "1", "--json").out)["changes"][1]["state"] == "running"
    assert json.loads(said("stats", "--json").out)["pending"] == 2
    assert said("cancel", "1").code == 0
    assert [each.state for each in store.jobs()] == ["cancelled", "cancelled"]
    assert said("retry", "1").code == 0 and store.job(1).state == "queued"
    assert said("rerun", "1").out == "job 3: job 1 once more\n"
    assert said("pause").code == said("resume").code == said("quota", "ann", "2").code == 0
    assert said("dead").out == "" and said("gc", "--older-than", "30d").out == "forgot 0 jobs\n"
    assert said("watch").code == 0
    assert said("notify").out == "told of jobs: nobody\n"
    assert said("notify", "tell", "a b").out == "told of jobs: tell 'a b'\n"
    assert said("notify", "--nobody", "x").code == 2
    assert said("notify", "--nobody").out == "told of jobs: nobody\n"


@pytest.mark.parametrize("words, message", [
    (("show", "9"), "there is no job 9"), (("cancel", "9", "8"), "2 problems"),
    (("retry", "9"), "there is no job 9"), (("pipeline", "show", "9"), "there is no pipeline 9"),
    (("compare", "9"), "there is no sweep 9"), (("schedules", "--drop", "9"), "no schedule 9"),
    (("submit", "none.json"), "none.json"), (("pipeline", "run", "none.yaml"), "none.yaml"),
    (("work", "--gpus", "0,0"), "each may be named once")])
def test_bad_input_is_one_message_and_exit_code_2(said, words, message):
    done = said(*words)
    assert done.code == 2 and message in done.err and "Traceback" not in done.err


def test_without_the_extra_an_action_says_how_to_get_it(said, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "dbos"
                        else find(name, *more))
    monkeypatch.setitem(sys.modules, "dnne_ros.jobs.work.orders", None)  # needs it, too
    refused = said("cancel", "1")
    assert refused.code == 2 and "pip install 'dnne_ros[jobs]'" in refused.err


def test_submit_adds_a_job_a_schedule_or_says_that_it_is_impossible(said, tmp_path, store):
    file = tmp_path / "job.yaml"
    file.write_text("function: note\nneeds: gpu=9\n")
    assert said("submit", str(file), "--priority", "high").out.startswith("job 1: note, queued")
    assert store.job(1).level == 2
    refused = said("submit", str(file), "--strict")
    assert refused.code == 2 and "no worker serves the queue default with GPUs" in refused.err
    assert said("submit", str(file), "--cron", "0 2 * * *").out.startswith("schedule 2: note")
    assert "next at" in said("schedules").out


def test_without_the_extra_the_command_says_so(said, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for words in (("list",), ("submit", "x.json"), ("work",), ("pipeline", "run", "x.yaml")):
        done = said(*words)
        assert done.code == 2 and done.err == (
            "dnne-ros: jobs: jobs are kept by DBOS Transact, which is not installed: pip install "
            "'dnne_ros[jobs]'\n")


def test_a_job_is_waited_for_by_callback_and_by_async_iterator(store, hands):
    number = store.submit(job())
    seen = []

    async def watch():
        async for each in store.watch(number):
            seen.append(each.state)
            if each.state == "queued":
                hands.run(number)
    asyncio.run(watch())
    assert seen == ["queued", "succeeded"]
    store.wait(number, lambda each: seen.append(each.id))
    assert seen[-1] == number


def test_a_sparkline_spans_its_values():
    assert sparkline([0, 1, 2, 7]) == "▁▂▃█" and sparkline([3, 3]) == "▁▁" and sparkline([]) == ""


def test_the_names_for_programs_are_there():
    import dnne_ros.jobs

    for name in ("JobStore", "JobSpec", "Task", "WorkerPool", "Pipeline", "JobContext"):
        assert getattr(dnne_ros.jobs, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Job'"):
        getattr(dnne_ros.jobs, "Job")  # noqa: B009


@pytest.mark.parametrize("python, sqlite, said", [
    ((3, 11), (3, 31, 1), ""), ((3, 12), (3, 42, 0), ""),
    ((3, 13), (3, 40, 1), "expected SQLite 3.42 or newer with Python 3.13, found 3.40.1")])
def test_an_sqlite_that_the_engine_cannot_use_is_named(python, sqlite, said):
    found = tables.sqlite_fault(python, sqlite)
    assert found.startswith(said) and bool(found) == bool(said)
