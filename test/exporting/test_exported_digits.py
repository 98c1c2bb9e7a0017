"""An exported graph that learns digits runs alone, to its end."""

from dnne_ros.bench.mnist import write_random_digits


def test_a_standalone_package_trains_to_its_last_epoch(
        export, repository, start_command, tmp_path):
    write_random_digits(tmp_path, "train", 64)
    package = export(repository / "config" / "workflows" / "mnist_cnn.json", "--standalone",
                     "--set", f"1.data_path={tmp_path}", "--set", "15.max_epochs=2")
    assert (package / "NAME/_dnne/supervised/chain.py").exists()
    assert "<exec_depend>python3-torch</exec_depend>" in (package / "package.xml").read_text()
    run = start_command(package.host, "--save-checkpoint-dir", "c", *package.parameters,
                        folder=tmp_path, environment={"PYTHONPATH": str(package.folder)},
                        cold=True)
    assert run.wait() == 0, run.output
    assert '"epoch": 2' in (tmp_path / "c" / "checkpoint.json").read_text()
