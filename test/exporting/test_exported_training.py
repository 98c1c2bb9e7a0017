"""An exported package learns as the workflow does, and differently once it is changed."""

import pytest

SMALL = ("--set", "1.num_envs=32", "--set", "6.minibatch_size=256", "--set", "6.num_epochs=2")
SEED = ("--seed", "7")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def of_the_workflow(first_updates, cartpole):
    """Return the first updates of the workflow itself."""
    return first_updates("dnne_ros.hosting.host", cartpole, *SMALL, *SEED)


@pytest.mark.parametrize("standalone", [False, True], ids=["plain", "standalone"])
def test_trains_to_the_same_losses(export, cartpole, first_updates, repository, standalone,
                                   of_the_workflow):
    package = export(cartpole, *SMALL, *(["--standalone"] if standalone else []))
    path = [package.folder] if standalone else [package.folder, repository]
    # A package that stands alone must not find what a fork has loaded.
    exported = first_updates(package.host, *SEED, *package.parameters, python_path=path,
                             cold=standalone)
    assert exported == of_the_workflow


def test_other_seed_other_losses(export, cartpole, first_updates, repository, of_the_workflow):
    package = export(cartpole, *SMALL)
    other = first_updates(package.host, "--seed", "8",
                          python_path=[package.folder, repository])
    assert other != of_the_workflow


def test_a_value_in_the_parameter_file_counts(export, cartpole, first_updates, repository,
                                              of_the_workflow):
    package = export(cartpole, *SMALL)
    package.edit("config/NAME.params.yaml", "clip_param: 0.2", "clip_param: 0.05")
    path = [package.folder, repository]
    changed = first_updates(package.host, *SEED, *package.parameters, python_path=path)
    assert changed != of_the_workflow
    unchanged = first_updates(package.host, *SEED, python_path=path)
    assert unchanged == of_the_workflow


def test_a_method_of_a_node_counts(export, cartpole, first_updates, repository,
                                   of_the_workflow):
    package = export(cartpole, *SMALL)
    package.edit(
        "NAME/nodes/cartpole_action_5.py",
        "return super().compute(network_output=network_output)",
        "outputs = super().compute(network_output=network_output)\n"
        "        return {'action': -outputs['action']}")
    changed = first_updates(package.host, *SEED, python_path=[package.folder, repository])
    assert changed != of_the_workflow
    assert [each["env_steps"] for each in changed] == [
        each["env_steps"] for each in of_the_workflow]
