"""Digits are learned in a graph as in a plain loop, in every placement, and evaluated."""

import contextlib
import gc
import gzip
import json
import socket
from pathlib import Path

import numpy as np
import pytest
import torch

from dnne_ros.hosting import host
from dnne_ros.node_api.seeding import node_seed
from dnne_ros.supervised.chain import build_chain
from dnne_ros.supervised.loading import batch_loader
from dnne_ros.supervised.mnist import load_mnist

EPOCHS = 3
SMALL = ("--set", "2.batch_size=48", "--set", f"11.max_epochs={EPOCHS}")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Pictures whose class is the place of a bright block, as idx files: 256 and 64 of them."""
    folder = tmp_path_factory.mktemp("data")
    random = np.random.default_rng(0)
    for prefix, count in (("train", 256), ("t10k", 64)):
        labels = random.integers(0, 10, count).astype(np.uint8)
        images = random.integers(0, 60, (count, 28, 28)).astype(np.uint8)
        for image, label in zip(images, labels):
            image[4 + 10 * (label // 5):, 4 * (label % 5) + 4:][:6, :4] = 255
        for name, array in (("images-idx3", images), ("labels-idx1", labels)):
            header = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">u4").tobytes()
            (folder / f"{prefix}-{name}-ubyte.gz").write_bytes(
                gzip.compress(header + array.tobytes()))
    return folder


@pytest.fixture(scope="module")
def mlp(repository, data):
    """The arguments that run the package's own workflow on the small data."""
    return (str(repository / "config" / "workflows" / "mnist_mlp.json"),
            "--set", f"1.data_path={data}", *SMALL)


@pytest.fixture(scope="module")
def cnn(repository, data):
    """The same for the convolutional one."""
    return (str(repository / "config" / "workflows" / "mnist_cnn.json"),
            "--set", f"1.data_path={data}", "--set", "15.max_epochs=2")


@pytest.fixture
def epochs(capfd):
    """Run a fused graph in this process; returns its exit code, epochs and errors."""
    def run(*arguments):
        ours, theirs = socket.socketpair()
        with ours:
            # Whose descriptor it is from now on is the run's business.
            code = host.main([*map(str, arguments), "--status-fd", str(theirs.detach())])
            ours.setblocking(False)
            received = b"".join(everything(ours))
        gc.collect()  # in a process of its own, leaving would give back the lock of a directory
        messages = [json.loads(line) for line in received.splitlines()]
        return (code, [message["metrics"]["completed_epoch"] for message in messages
                       if "completed_epoch" in message.get("metrics", {})],
                [message["message"] for message in messages if message["kind"] == "error"])
    return run


def everything(channel):
    """Yield what has come, whether or not the other end is closed."""
    with contextlib.suppress(BlockingIOError):
        while data := channel.recv(2**20):
            yield data


def figures(epochs):
    return [(epoch["loss"], epoch["accuracy"]) for epoch in epochs]


def plain_loop(data, layers):
    """Return (loss, accuracy) of each epoch as a loop without a graph finds them."""
    torch.set_num_threads(1)
    dropout = torch.Generator().manual_seed(node_seed(0, "4"))
    module, _ = build_chain(layers, (1, 28, 28), node_seed(0, "4/weights"), dropout)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.01, momentum=0.9)
    dataset, _ = load_mnist(str(data), True, False, print)
    loader = batch_loader(dataset, 48, True, torch.Generator().manual_seed(node_seed(0, "2")))
    found = []
    for _ in range(EPOCHS):
        total, right = 0.0, 0.0
        for images, labels in loader:
            predictions = module(images)
            loss = torch.nn.functional.cross_entropy(predictions, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += len(labels) * loss.item()
            right += (predictions.argmax(1) == labels).sum().item()
        found.append((total / len(dataset), right / len(dataset)))
    return found


@pytest.fixture(scope="module")
def trained(tmp_path_factory, mlp, command):
    """Run the workflow fused, with everything that it can write."""
    folder = tmp_path_factory.mktemp("trained")
    done = command("run", *mlp, "--save-checkpoint-dir", "c", "--report", "r.json", "--plot",
                   "p.png", "--tensorboard", "tb", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, json.loads((folder / "r.json").read_text()), done.stdout


def test_an_optimizer_that_takes_the_loss_learns_as_a_training_step_does(
        epochs, mlp, repository, tmp_path):
    graph = json.loads((repository / "config" / "workflows" / "mnist_mlp.json").read_text())
    step, = (node for node in graph["nodes"] if node["type"] == "TrainingStep")
    optimizer, = (node for node in graph["nodes"] if node["type"] == "SGDOptimizer")
    optimizer["inputs"] = [{"name": "model", "type": "*MODEL_OBJ"},
                           {"name": "loss", "type": "*LOSS_SCALAR"}]
    optimizer["outputs"] = [{"name": "step_complete", "type": "TRAIN_STEP_TRIGGER"}]
    graph["nodes"].remove(step)
    links = [[id_, *([optimizer["id"], 0] if source == step["id"] else [source, output]),
              *([optimizer["id"], 1] if target == step["id"] else [target, input_]), type_]
             for id_, source, output, target, input_, type_ in graph["links"]]
    graph["links"] = [link for link in links if link[1] != link[3]]
    for node in graph["nodes"]:
        for slot in node.get("inputs", ()):
            slot.pop("link", None)
    path = tmp_path / "own_steps.json"
    path.write_text(json.dumps(graph))
    code, own, errors = epochs(path, *mlp[1:])
    _, stepped, _ = epochs(*mlp)
    assert (code, errors) == (0, [])
    assert [epoch["loss"] for epoch in own] == [epoch["loss"] for epoch in stepped] != []


def test_loss_and_optimizer_of_ones_choice_learn_as_the_nodes_of_their_own(
        epochs, mlp, tmp_path):
    text = Path(mlp[0]).read_text()
    graph = json.loads(text.replace('"CrossEntropyLoss"', '"Loss"').replace(
        '"SGDOptimizer"', '"Optimizer"').replace('"LinearLayer"', '"Linear"'))
    for node in graph["nodes"]:
        if node["type"] == "Optimizer":
            node["widgets_values"] = ["sgd", *node["widgets_values"]]
    path = tmp_path / "chosen.json"
    path.write_text(json.dumps(graph))
    code, chosen, errors = epochs(path, *mlp[1:])
    _, own, _ = epochs(*mlp)
    assert (code, errors) == (0, [])
    assert figures(chosen) == figures(own) != []


def test_a_graph_learns_what_a_plain_loop_learns(trained, data):
    _, report, printed = trained
    hidden = {"kind": "linear", "bias": True, "weight_init": "auto", "output_size": 128,
              "activation": "relu", "dropout": 0.2}
    layers = [{"node": f"l{i}", "title": "", **hidden} for i in (1, 2)]
    layers.append({**layers[0], "node": "l3", "output_size": 10, "activation": "none",
                   "dropout": 0.0})
    found = figures(report["epochs"])
    assert np.array(found) == pytest.approx(np.array(plain_loop(data, layers)))
    assert found[-1][1] > found[0][1]
    assert report["exit_reason"] == "max_epochs"
    assert f"epoch {EPOCHS}/{EPOCHS}" in printed and "accuracy" in printed


def test_what_a_run_leaves(trained):
    folder, report, _ = trained
    assert report["losses"] == [epoch["loss"] for epoch in report["epochs"]]
    assert report["epochs_per_s"] > 0 and report["accuracy"] == report["epochs"][-1]["accuracy"]
    assert (folder / "p.png").read_bytes().startswith(b"\x89PNG")
    manifest = json.loads((folder / "c" / "checkpoint.json").read_text())
    assert manifest["aligned"] and set(manifest["nodes"]) == {"2", "3", "4", "9", "11"}
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder / "tb"))
    events.Reload()
    assert [event.step for event in events.Scalars("loss")] == list(range(1, EPOCHS + 1))
    assert [event.value for event in events.Scalars("loss")] == pytest.approx(report["losses"])


def test_split_gives_the_same_figures_bit_by_bit(trained, mlp, command, tmp_path):
    _, fused, _ = trained
    done = command("run", *mlp, "--place", "split", "--report", "r.json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "r.json").read_text())
    assert figures(report["epochs"]) == figures(fused["epochs"])
    assert len(report["processes"]) == 2
    assert all(edge["lost"] == edge["duplicated"] == 0 for edge in report["edges"])


def test_training_goes_on_from_a_checkpoint_as_if_it_had_never_stopped(
        trained, mlp, epochs, tmp_path):
    _, whole, _ = trained
    folder = tmp_path / "c"
    code, first, _ = epochs(*mlp, "--set", "11.max_epochs=1", "--save-checkpoint-dir", folder)
    assert code == 0
    code, rest, _ = epochs(*mlp, "--save-checkpoint-dir", folder,
                           "--set", "4.checkpoint_load_on_start=true")
    assert code == 0 and [epoch["epoch"] for epoch in first + rest] == [1, 2, 3]
    assert figures(first + rest) == figures(whole["epochs"])
    code, none, errors = epochs(*mlp, "--load-checkpoint-dir", folder)
    assert code == 2 and not none
    assert "it has 3 epochs behind it: expected max_epochs above that, found 3" in errors[0]


def test_an_evaluation_of_the_held_out_digits(trained, mlp, epochs):
    folder, _, _ = trained
    weights = {file: file.read_bytes() for file in (folder / "c" / "node_4").iterdir()}
    results = [epochs(*mlp, "--inference", "--load-checkpoint-dir", folder / "c", "--seed", seed)
               for seed in (0, 1)]
    for code, evaluated, _ in results:
        assert code == 0 and [epoch["samples"] for epoch in evaluated] == [64]
        assert evaluated[0]["epoch"] == 1 and evaluated[0]["accuracy"] > 0.5
    assert results[0][1][0]["loss"] == pytest.approx(results[1][1][0]["loss"])
    assert weights == {file: file.read_bytes() for file in weights}


def test_the_best_epoch_is_kept_beside_the_last(mlp, epochs, tmp_path):
    code, found, _ = epochs(*mlp, "--save-checkpoint-dir", tmp_path,
                            "--set", "4.checkpoint_trigger_type=best_metric",
                            "--set", "4.checkpoint_trigger_value=0")
    best = json.loads((tmp_path / "best" / "checkpoint.json").read_text())
    accuracies = [epoch["accuracy"] for epoch in found]
    assert code == 0
    assert best["metrics"]["epoch"] == 1 + accuracies.index(max(accuracies))


def test_convolutions_learn(cnn, epochs):
    code, found, _ = epochs(*cnn)
    assert code == 0 and found[1]["loss"] < found[0]["loss"]


@pytest.mark.parametrize("settings, expected", [
    (("5.kernel_size=99",), "node 4 (Network): layers: 1×28×28 → Edges (conv2d_layer_5): exp"),
    (("11.output_size=9",), "each of the 10 classes at the end of the chain, found 9"),
    (("1.data_path=/nowhere", "1.download=false"), "no train-images-idx3-ubyte.gz")],
    ids=["kernel", "classes", "data"])
def test_what_cannot_be_trained_is_refused(cnn, epochs, settings, expected):
    words = [word for setting in settings for word in ("--set", setting)]
    code, found, errors = epochs(*cnn, *words)
    assert code == 2 and not found and expected in errors[0]


def test_event_files_need_tensorboard(mlp, command, tmp_path):
    (tmp_path / "tensorboard.py").write_text("")
    done = command("run", *mlp, "--tensorboard", tmp_path / "tensorboard.py" / "x", cwd=tmp_path)
    assert done.returncode == 2 and "cannot write event files here" in done.stderr
