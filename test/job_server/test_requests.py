"""What the services make of texts, without ROS."""

import json

import pytest
import sqlalchemy as sa
from job_stores import job

from dnne_ros.job_server.requests import answer


def said(store, name, text):
    found = answer(name, store, text)
    assert found.success, found.text
    return json.loads(found.text)


def test_a_job_is_what_a_job_file_says(store, cartpole, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "note.yaml").write_text("function: note\narguments: {a: 1}\n")
    assert said(store, "submit", "{function: note, priority: high, retries: 2}") == {
        "job": 1, "name": "note", "state": "queued", "reason": "submitted"}
    assert (store.job(1).level, store.spec(1).retries) == (2, 2)
    assert said(store, "submit", "function: note\nafter: 1\n")["state"] == "waiting"
    assert said(store, "submit", " note.yaml ")["job"] == 3
    assert store.spec(3).task.arguments == {"a": 1}
    assert said(store, "submit", str(cartpole))["name"] == "run cartpole_ppo.json"
    assert said(store, "submit", json.dumps({"function": "note", "cron": "0 2 * * *"})) == {
        "schedule": 5, "cron": "0 2 * * *"}


def test_cancel_and_list_take_numbers_and_states(store, hands):
    numbers = [store.submit(job()) for _ in range(3)]
    hands.start(numbers[0])
    assert said(store, "cancel", "1, 2") == {"cancelled": [2], "interrupted": [1]}
    assert [each["state"] for each in said(store, "list", "")] == [
        "running", "cancelled", "queued"]
    assert [each["id"] for each in said(store, "list", "running,queued")] == [1, 3]
    assert said(store, "list", "2")[0]["reason"] == "cancelled"


@pytest.mark.parametrize(("name", "text", "message"), [
    ("submit", "", "expected the name of a workflow or a job file, or a job as {workflow: NAME, "),
    ("submit", "nowhere.json", "nowhere.json: no such file"),
    ("submit", "nowhere.yaml", "nowhere.yaml: cannot be read as YAML"),
    ("submit", "{function: note", "submit: cannot be read as YAML: "),
    ("submit", "{1: 2}", "submit: expected keys and values, found {1: 2}"),
    ("submit", "{function: nothing, retires: 3}", "unknown key 'retires'; did you mean retries?"),
    ("submit", "{command: [policy, export, x, -o, /etc]}", "-o {job}/etc"),
    ("submit", "{function: note, notify: [rm]}", "a file can only name the topic"),
    ("submit", "{" * 2000, "submit: "),
    ("submit", "x" * 30_000, "submit: expected at most 20000 characters, found 30000"),
    ("cancel", "", "cancel: expected numbers of jobs, found nothing"),
    ("cancel", "1 x", "cancel: expected numbers of jobs, found 'x'"),
    ("cancel", "9" * 30, "cancel: expected numbers of jobs, found '999"),
    ("cancel", "9", "cancel: there is no job 9"),
    ("list", "ran", "list: expected numbers of jobs, or some of queued, waiting, running, "),
    ("list", "9", "there is no job 9"),
])
def test_a_bad_request_is_told_what_was_expected(store, kit, name, text, message):
    found = answer(name, store, text)
    assert not found.success and message in found.text and "Traceback" not in found.text
    assert store.jobs() == []


def test_a_request_may_not_say_which_code_may_run(store, cartpole):
    found = answer("submit", store, json.dumps(
        {"workflow": str(cartpole), "options": ["--trust", "/", "--plot", "/tmp/x.png"]}))
    assert "--trust /: a file cannot say which code may run" in found.text
    assert "--plot {job}/x.png" in found.text and store.jobs() == []


def test_a_store_that_is_out_of_reach_is_an_answer_too(store):
    with store.database.begin() as connection:
        connection.execute(sa.text("ALTER TABLE dnne_jobs RENAME TO hidden"))
    found = answer("list", store, "")
    assert not found.success and "no such table: dnne_jobs" in found.text
    assert "\n" not in found.text
