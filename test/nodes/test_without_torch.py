"""Node types that say that they run without torch do so, where there is none."""

from dnne_ros.catalogue.catalogue import BUILT_IN


def test_they_keep_the_contract(start_command, repository, tmp_path):
    path = f"{repository / 'test/support/without_torch'}:{repository}"
    tried = start_command(repository / "test/support/contract_without_torch.py", folder=tmp_path,
                          cold=True, separate=True, environment={"PYTHONPATH": path})
    assert tried.wait() == 0, tried.said()
    said = {node_type.type_name for node_type in BUILT_IN if node_type.without_torch}
    # A - is before those whose messages are not installed.
    names = {name.removeprefix("-") for name in tried.output.split()}
    assert names == said | {"IMUSensorNode"}
