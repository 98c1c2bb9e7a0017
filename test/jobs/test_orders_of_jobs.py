"""Jobs as people write them: files, command lines, sweeps; and what is refused."""

import pytest
from job_stores import job

from dnne_ros.errors import InputError
from dnne_ros.jobs.description.job_file import read_job_file, spec_of_order
from dnne_ros.jobs.description.needs import Needs
from dnne_ros.jobs.description.tasks import command_task
from dnne_ros.jobs.pipelines.sweep import (
    Parameter,
    best_command,
    plot,
    runs_of,
    settings,
    submit_sweep,
)
from dnne_ros.jobs.store.records import spec_of


def test_a_file_says_all_that_a_job_is(tmp_path, kit):
    path = tmp_path / "job.yaml"
    path.write_text("function: note\narguments: {a: [1, null, x]}\npriority: high\nretries: 3\n"
                    "backoff: linear\ntimeout: 2h\nneeds: {gpu: 0.5, memory: 2G}\nafter: [4]\n"
                    "cron: 0 2 * * *\n")
    spec, cron = read_job_file(path, {"retries": "5"})
    assert (spec.level, spec.retries, spec.backoff, spec.timeout, spec.after) == (
        2, 5, "linear", 7200.0, (4,))
    assert spec.needs == Needs(0.5, 0, 2 * 2**30) and cron == "0 2 * * *"
    assert dict(spec.task.arguments) == {"a": [1, None, "x"]}
    assert spec_of(spec.encode()) == spec


def test_a_workflow_is_kept_as_it_is_now_with_its_digest(cartpole, kit):
    spec, _ = spec_of_order({"workflow": str(cartpole), "set": ["1.num_envs=8"], "seed": 3,
                             "options": ["--max-updates=2"]}, "here", cartpole.parent)
    assert spec.task.workflow == cartpole.read_text()
    assert spec.task.words == ("--set=1.num_envs=8", "--seed=3", "--max-updates=2")
    assert list(spec.task.files) == [str(cartpole)] and len(spec.task.files[str(cartpole)]) == 64
    assert spec.versions["dnne_ros"]


@pytest.mark.parametrize("content, said", [
    ("function: note\nretris: 1", "unknown key 'retris'; did you mean retries?"),
    ("function: note\nworkflow: a.json", "found workflow and function"),
    ("name: x", "expected one of workflow, command and function, found none"),
    ("function: note\narguments: [1]", "arguments: expected names and values"),
    ("function: note\ncron: at two", "such as '0 2 * * *'"),
    ("function: note\ndelay: soon", "delay: expected a duration"),
    ("function: note\nbackoff: cubic", "expected immediate, linear, exponential, fibonacci"),
    ("command: [rm, -rf, /]", "a job is one of run, check, export, graph, policy, found 'rm'"),
    ("command: run", "command: expected a list"),
    ("command: [policy, export]", "the following arguments are required"),
    ("command: [policy, export, x, -o, y, --bogus]", "unrecognised --bogus"),
    ("- a\n- b", "expected keys and values"), ("a: [", "cannot be read as YAML"),
    ("function: note\nescalate_to: none.yaml", "none.yaml")])
def test_what_is_wrong_in_a_file_is_said(tmp_path, kit, content, said):
    path = tmp_path / "job.yaml"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        read_job_file(path)
    assert said in str(caught.value) and str(path) in str(caught.value)


def test_files_that_escalate_in_a_circle_are_named_in_their_order(tmp_path, kit):
    for name, other in (("a", "b"), ("b", "c"), ("c", "a")):
        (tmp_path / f"{name}.yaml").write_text(f"function: note\nescalate_to: {other}.yaml\n")
    with pytest.raises(InputError, match="a.yaml → b.yaml → c.yaml → a.yaml"):
        read_job_file(tmp_path / "a.yaml")


def test_what_check_refuses_is_refused_with_its_report(cartpole):
    with pytest.raises(InputError) as caught:
        command_task(["run", str(cartpole), "--set=1.nm=4", "--set=6.gamma=x"], "job")
    assert "has no widget 'nm'" in str(caught.value) and "gamma" in str(caught.value)


@pytest.mark.parametrize("words", [
    ["--save-checkpoint-dir=x"], ["--report=x.json"], ["--plot=x.png"],
    ["--plot={job}/../../x.png"], ["--tensorboard=/x"], ["--log-to=mlflow:http://elsewhere"]])
def test_a_job_writes_into_its_own_folder(cartpole, words):
    with pytest.raises(InputError, match="own folder"):
        command_task(["run", str(cartpole), *words], "job")


def test_a_job_logs_into_its_own_folder_or_where_its_worker_does_and_opens_no_port(cartpole):
    words = ["--log-to=mlflow", "--tensorboard={job}/curves"]
    assert command_task(["run", str(cartpole), *words], "job").words == tuple(words)
    with pytest.raises(InputError, match="a job opens no port"):
        command_task(["run", str(cartpole), "--foxglove=8765"], "job")


@pytest.mark.parametrize("word", ["--nodes={file}", "--trust={folder}"])
def test_a_file_does_not_say_which_code_may_run_and_the_user_does(cartpole, tmp_path, word):
    (tmp_path / "own.py").write_text("")
    word = word.format(file=cartpole.with_name("balance.py"), folder=tmp_path)
    words = ["run", str(cartpole)]
    with pytest.raises(InputError, match="a file cannot say which code may run"):
        command_task([*words, word], "job")
    assert command_task(words, "job", ["--trust=" + str(tmp_path)]).words == (
        f"--trust={tmp_path}",)


def test_a_command_writes_into_the_jobs_folder_alone():
    export = ["policy", "export", "{train.checkpoint}", "-o"]
    assert command_task([*export, "{job}/policy"], "job").words[-1] == "{job}/policy"
    for place in ("/etc", "policy", "{job}/../1"):
        with pytest.raises(InputError, match="a job writes into its own folder"):
            command_task([*export, place], "job")


def test_a_plot_may_go_into_the_jobs_folder(cartpole):
    assert command_task(["run", str(cartpole), "--plot={job}/x.png"], "job").words == (
        "--plot={job}/x.png",)


@pytest.mark.parametrize("text, values", [
    ("6.gamma=0.95,0.99", ("0.95", "0.99")), ("6.a=lin:0..1", ("0", "0.5", "1")),
    ("6.a=1..2/2", ("1", "2")), ("6.lr=log:1e-4..1e-2", ("0.0001", "0.001", "0.01"))])
def test_values_of_a_parameter(text, values):
    assert Parameter.parse(text).values == values


@pytest.mark.parametrize("text", [
    "gamma=1", "6.gamma", "6.a=log:0..1", "6.a=2..1", "6.a=x..y", "6.a=1,1", "6.a=", "6.a=1..2/1"])
def test_values_that_are_none(text):
    with pytest.raises(ValueError, match="expected"):
        Parameter.parse(text)


def test_settings_are_all_combinations_with_all_seeds():
    found = settings([Parameter("6.a", ("1", "2")), Parameter("6.b", ("x", "y", "z"))], 2)
    assert len(found) == 12 and found[1] == {"6.a": "1", "6.b": "x", "seed": "1"}
    with pytest.raises(ValueError, match="20002 runs are more than 10000"):
        settings([Parameter("6.a", ("1", "2"))], 10_001)


def test_a_sweep_tells_its_best_run(store, hands, cartpole):
    spec, _ = spec_of_order({"workflow": str(cartpole), "options": ["--max-updates=2"]}, "here",
                            cartpole.parent)
    sweep, jobs = submit_sweep(store, spec, settings(
        [Parameter.parse("6.learning_rate=log:1e-4..1e-2"), Parameter.parse("6.gamma=0.9,0.99")],
        2))
    assert len(jobs) == 12
    for place, number in enumerate(jobs[:-1]):
        hands.run(number, figures={"mean_return": float(-abs(place - 7))})
    hands.run(jobs[-1], 1)
    runs = runs_of(store, sweep, "mean_return")
    assert runs[0].job.id == jobs[7] and runs[-1].job.id == jobs[-1] and runs[-1].value is None
    assert best_command(store, runs[0]) == (
        f"dnne-ros run {cartpole} --max-updates=2 --set=6.learning_rate=0.001 "
        "--set=6.gamma=0.99 --seed=1")
    assert plot(runs, "mean_return").startswith(b"\x89PNG")


def test_arguments_are_json_and_nothing_else(store):
    with pytest.raises(TypeError):
        store.submit(job(arguments={"a": object()}))
    assert store.jobs() == []
