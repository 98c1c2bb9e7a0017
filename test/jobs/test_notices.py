"""Who is told of jobs: a command or the topic; what goes wrong there harms no job."""

import json
import sys

import pytest
from job_stores import job
from waiting import until

from dnne_ros.errors import InputError
from dnne_ros.jobs.description.job_file import read_job_file
from dnne_ros.jobs.description.spec import TOPIC
from dnne_ros.jobs.store.notices import LEASE_SECONDS, close_notice, set_hook, take_notice
from dnne_ros.jobs.store.store import StoreError
from dnne_ros.jobs.work import notifying
from dnne_ros.jobs.work.orders import cancel

TELL = [sys.executable, "-c",
        "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(sys.stdin.read())"]


def taken(store):
    with store.turn() as books:
        return take_notice(books)


def closed(store, notice, told):
    with store.turn() as books:
        close_notice(books, notice, told)


def test_an_end_and_a_failed_try_are_told_with_the_record(store, hands):
    set_hook(store, ["all"])
    number = store.submit(job(retries=1, backoff="immediate", notify=("own", "x")))
    hands.run(number, 1)
    hands.run(number, figures={"mean_return": 2.0})
    found = []
    while (notice := taken(store)) is not None:
        found.append((notice.words[0], json.loads(notice.text)))
        closed(store, notice, True)
    assert sorted((who, text["event"], text["state"]) for who, text in found) == [
        ("all", "ended", "succeeded"), ("all", "try failed", "queued"),
        ("own", "ended", "succeeded"), ("own", "try failed", "queued")]
    assert {text["id"] for _, text in found} == {number}
    assert found[-1][1]["figures"] == {"mean_return": 2.0}
    set_hook(store, [])
    cancel(store, [store.submit(job())])
    assert taken(store) is None


def test_a_notice_is_left_to_who_took_it_and_told_three_times_at_most(store, clock):
    cancel(store, [store.submit(job(notify=("x",)))])
    for tries in (1, 2, 3):
        notice = taken(store)
        assert (notice.tries, taken(store)) == (tries, None)
        closed(store, notice, False)
        clock.now += LEASE_SECONDS + 1
    assert taken(store) is None


def test_commands_are_run_and_those_that_fail_or_hang_are_left_behind(
        store, tmp_path, monkeypatch, capsys):
    heard = []

    def said():
        heard.append(capsys.readouterr().err)
        return "".join(heard)

    hang = (sys.executable, "-c", "import time; time.sleep(600)")
    cancel(store, [store.submit(job(notify=hang))])
    with monkeypatch.context() as patched:
        patched.setattr(notifying, "_HOOK_SECONDS", 0.5)
        notifier = notifying.Notifier(store)
        until(lambda: "took longer than 0.5 s" in said())
    for words in (("/no/such/command",), (*TELL, str(tmp_path / "told"))):
        cancel(store, [store.submit(job(notify=words))])
    notifier.look()
    until((tmp_path / "told").exists)
    notifier.stop(finish=True)
    assert json.loads((tmp_path / "told").read_text())["state"] == "cancelled"
    assert "exit code 127: /no/such/command: No such file or directory" in said()


def test_all_that_is_due_is_told_before_the_end_although_the_store_was_out_of_reach(
        store, tmp_path, monkeypatch, capsys):
    answers = iter([StoreError("it is locked")])

    def take(books):
        raised = next(answers, None)
        if raised is not None:
            raise raised
        return take_notice(books)

    monkeypatch.setattr(notifying, "take_notice", take)
    monkeypatch.setattr(notifying, "_LAST_REST_SECONDS", 0.0)
    notifier = notifying.Notifier(store)
    paths = [tmp_path / f"told{number}" for number in range(3)]
    for path in paths:
        cancel(store, [store.submit(job(notify=(*TELL, str(path))))])
    notifier.stop(finish=True)
    assert all(path.exists() for path in paths) and taken(store) is None
    assert capsys.readouterr().err == "notifications: it is locked\n"


def test_who_must_leave_at_once_waits_for_no_command_and_leaves_the_rest_to_others(
        store, clock, tmp_path):
    hang = (sys.executable, "-c", "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); "
            "time.sleep(600)", str(tmp_path / "begun"))
    cancel(store, [store.submit(job(notify=hang))])
    cancel(store, [store.submit(job(notify=(*TELL, str(tmp_path / "told"))))])
    notifying.Notifier(store).stop(finish=True, enough=(tmp_path / "begun").exists)
    assert not (tmp_path / "told").exists()
    assert taken(store).words[-1] == str(tmp_path / "told")
    clock.now += LEASE_SECONDS + 1
    assert taken(store).words == list(hang)


def test_a_file_may_name_the_topic_and_no_command(tmp_path, kit):
    path = tmp_path / "job.yaml"
    path.write_text(f"function: note\nnotify: {TOPIC}\n")
    assert read_job_file(path)[0].notify == (TOPIC,)
    path.write_text("function: note\nnotify: [rm, -r, /]\n")
    with pytest.raises(InputError, match="a file can only name the topic /dnne_ros/jobs"):
        read_job_file(path)
