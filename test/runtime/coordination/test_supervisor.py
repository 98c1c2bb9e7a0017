"""The supervisor, with small stand-ins for the processes of a graph."""

import contextlib
import sys
import textwrap
import time

import psutil
import pytest

from dnne_ros.runtime.coordination.executed_process import execute
from dnne_ros.runtime.coordination.supervisor import Supervisor

PRELUDE = textwrap.dedent("""
    import json, os, signal, socket, sys, time
    channel = socket.socket(fileno=int(sys.argv[1]))
    def say(kind, **content):
        channel.sendall((json.dumps({"kind": kind, **content}) + "\\n").encode())
    def wait_for_stop():
        return json.loads(channel.recv(1000).decode())["reason"]
""")
OBEDIENT = "say('started'); reason = wait_for_stop(); say('finished', reason=reason)"


@pytest.fixture
def supervise(run_async):
    """Run processes given by name and source; `act(supervisor)` is called when all started."""
    def run(act=lambda supervisor: None, respawns=(), act_on_message=lambda supervisor: None,
            **sources):
        lines, messages = [], []

        async def main():
            supervisor = Supervisor(
                {name: f"node_of_{name}" for name in sources},
                lambda name, channel: execute(
                    [sys.executable, "-c", PRELUDE + sources[name], str(channel.fileno())],
                    channel),
                lambda process, text: lines.append((process, text)),
                lambda process, message: (messages.append((process, message["kind"])),
                                          act_on_message(supervisor)),
                lambda: act(supervisor), respawns)
            await supervisor.run()
            return supervisor

        supervisor = run_async(main())
        assert all(child.exit_code is not None for child in supervisor.children.values())
        return supervisor, lines, messages
    return run


def test_all_are_stopped_in_order_and_the_reason_is_kept(supervise):
    supervisor, _, messages = supervise(lambda s: s.stop("duration"), a=OBEDIENT, b=OBEDIENT)
    assert supervisor.reason == "duration"
    assert not supervisor.failure and supervisor.exit_code == 0
    assert messages.count(("a", "finished")) == 1


def test_what_a_process_says_last_counts_though_it_never_reads_what_it_is_told(
        supervise, tmp_path):
    go = tmp_path / "go"
    deaf = (f"say('started')\nwhile not os.path.exists({str(go)!r}):\n    time.sleep(0.001)\n"
            "say('edges', edges=[])\nsay('finished', reason='x')")

    def stop_when_it_has_left(supervisor):
        go.touch()
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(supervisor.children["a"].process.pid)
            while process.status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.001)
        supervisor.stop("x")

    supervisor, _, messages = supervise(stop_when_it_has_left, a=deaf, b=OBEDIENT)
    assert not supervisor.failure and ("a", "edges") in messages


def test_a_killed_process_is_started_again_and_the_run_goes_on(supervise, tmp_path):
    was_there = tmp_path / "was_there"
    killed_once = (f"say('started'); import pathlib; flag = pathlib.Path({str(was_there)!r})\n"
                   "if not flag.exists():\n    flag.touch()\n    os.kill(os.getpid(), 9)\n"
                   "say('finished', reason='done')")
    starts = []
    supervisor, _, messages = supervise(starts.append, ["a"], a=killed_once, b=OBEDIENT)
    assert supervisor.reason == "done" and not supervisor.failure
    assert ("a", "warning") in messages
    assert len(starts) == 1  # the clock of the run is not set back


@pytest.mark.parametrize("own_session", [False, True])
def test_helpers_of_a_process_hide_its_end_from_nobody(
        supervise, tmp_path, request, own_session):
    """A helper has the output, and as a fork the channel; it would live on for ever."""
    helpers = tmp_path / "helpers"
    dies = ("import pathlib, subprocess\n"
            f"helpers = pathlib.Path({str(helpers)!r}); again = helpers.exists()\n"
            "helper = subprocess.Popen(['sleep', '100000'], pass_fds=[channel.fileno()],\n"
            f"                          start_new_session={own_session})\n"
            "with helpers.open('a') as file:\n    print(helper.pid, file=file)\n"
            "say('started'); print('last words', flush=True)\n"
            "if not again:\n    os.kill(os.getpid(), 9)\n"
            "say('finished', reason='done')")

    def end_helpers():
        for pid in helpers.read_text().split():
            with contextlib.suppress(psutil.NoSuchProcess):
                psutil.Process(int(pid)).kill()

    request.addfinalizer(end_helpers)
    supervisor, lines, messages = supervise(respawns=["a"], a=dies, b=OBEDIENT)
    assert supervisor.reason == "done" and not supervisor.failure
    assert messages.count(("a", "warning")) == 1
    assert lines == [("a", "last words")] * 2
    pids = [int(pid) for pid in helpers.read_text().split()]
    if not own_session:
        _, alive = psutil.wait_procs([psutil.Process(pid) for pid in pids if
                                      psutil.pid_exists(pid)])
        assert not alive


def test_what_always_dies_is_given_up(supervise):
    supervisor, _, messages = supervise(
        respawns=["a"], a="say('started'); os.kill(os.getpid(), 9)", b=OBEDIENT)
    assert "a was killed by SIGKILL" in supervisor.failure and supervisor.exit_code == 1
    assert messages.count(("a", "warning")) == 10


def test_output_comes_line_by_line_with_its_process(supervise):
    _, lines, _ = supervise(
        lambda s: s.stop("x"), a="print('one\\ntwo', flush=True)\n" + OBEDIENT,
        b="print('three', file=sys.stderr, flush=True)\n" + OBEDIENT)
    assert [text for process, text in lines if process == "a"] == ["one", "two"]
    assert ("b", "three") in lines


def test_the_first_failure_ends_the_run_and_is_named(supervise):
    supervisor, _, _ = supervise(a=OBEDIENT, b="say('started'); sys.exit(3)")
    assert supervisor.failure == "process b ended with exit code 3 (nodes node_of_b)"
    assert supervisor.exit_code == 1  # 3 is the process' own word, and none of this package's


def test_a_killed_process_is_named_with_its_signal(supervise):
    supervisor, _, _ = supervise(
        a=OBEDIENT, b="say('started'); os.kill(os.getpid(), signal.SIGKILL)")
    assert supervisor.failure == "process b was killed by SIGKILL (nodes node_of_b)"
    assert supervisor.exit_code == 1


def test_an_error_that_a_process_reports_is_the_failure(supervise):
    supervisor, _, _ = supervise(
        a=OBEDIENT, b="say('started'); say('error', message='/g/n: it broke'); sys.exit(2)")
    assert supervisor.failure == "/g/n: it broke"
    assert supervisor.exit_code == 2


def test_a_process_that_ends_the_run_itself_gives_the_reason(supervise):
    supervisor, _, _ = supervise(
        a="say('started'); say('finished', reason='until_return')")
    assert supervisor.reason == "until_return"
    assert not supervisor.failure


@pytest.mark.parametrize("told", ["saved", "not_saved"])
def test_a_process_that_still_saves_is_not_terminated(supervise, monkeypatch, told):
    """It takes longer than others may take to leave."""
    monkeypatch.setattr("dnne_ros.runtime.coordination.supervisor._STOP_SECONDS", 0.2)
    slow = ("say('started'); reason = wait_for_stop(); say('saving'); time.sleep(1); "
            f"say({told!r}); say('finished', reason=reason)")
    supervisor, _, messages = supervise(lambda s: s.stop("interrupted"), a=slow, b=OBEDIENT)
    assert supervisor.children["a"].exit_code == 0 and ("a", told) in messages


def test_a_process_that_never_ends_saving_is_terminated_all_the_same(supervise, monkeypatch):
    monkeypatch.setattr("dnne_ros.runtime.coordination.supervisor._STOP_SECONDS", 0.2)
    monkeypatch.setattr("dnne_ros.runtime.coordination.supervisor._SAVING_SECONDS", 0.5)
    supervisor, _, _ = supervise(
        lambda s: s.stop("interrupted"),
        a="say('started'); reason = wait_for_stop(); say('saving'); time.sleep(600)")
    assert supervisor.children["a"].exit_code == -15


def test_a_process_that_does_not_listen_is_terminated(supervise, monkeypatch):
    monkeypatch.setattr("dnne_ros.runtime.coordination.supervisor._STOP_SECONDS", 0.2)
    monkeypatch.setattr("dnne_ros.runtime.coordination.supervisor._TERMINATE_SECONDS", 0.2)
    deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN); say('started'); time.sleep(100_000)"
    supervisor, _, _ = supervise(lambda s: s.stop("duration"), a=deaf)
    assert supervisor.children["a"].exit_code == -9
    assert supervisor.failure == (
        "process a did not leave when the run ended and had to be killed; what it had not saved "
        "is lost (nodes node_of_a)")
    assert supervisor.exit_code == 1


def test_one_that_is_stopped_while_it_starts_has_lost_nothing(supervise, monkeypatch):
    monkeypatch.setattr("dnne_ros.runtime.coordination.supervisor._STOP_SECONDS", 0.2)
    supervisor, _, _ = supervise(
        a="say('warning'); time.sleep(100_000)", act_on_message=lambda s: s.stop("interrupted"))
    assert supervisor.children["a"].exit_code == -15 and not supervisor.failure


@pytest.mark.parametrize("stopping", [False, True])
def test_leaving_without_a_word_is_a_failure_whatever_the_exit_code(supervise, stopping):
    supervisor, _, _ = supervise(
        lambda s: s.stop("duration") if stopping else None,
        a=OBEDIENT, b=f"say('started'); wait_for_stop() if {stopping} else 0; os._exit(0)")
    assert supervisor.failure == (
        "process b left by itself, with exit code 0 (nodes node_of_b)")
    assert supervisor.exit_code == 1


def test_a_signal_without_a_name_is_named_by_its_number(supervise):
    supervisor, _, _ = supervise(
        a=OBEDIENT, b="say('started'); os.kill(os.getpid(), signal.SIGRTMIN + 5)")
    assert supervisor.failure == "process b was killed by signal 39 (nodes node_of_b)"


def test_a_message_beyond_all_bounds_or_of_no_sense_is_left_out(supervise):
    supervisor, _, messages = supervise(a=(
        "say('warning', message='x' * 200_000_000); channel.sendall(b'{\\n[]\\n7\\n')\n"
        "say('started'); say('finished', reason='done')"))
    assert not supervisor.failure and supervisor.reason == "done"
    assert [kind for _, kind in messages] == ["started", "finished"]
