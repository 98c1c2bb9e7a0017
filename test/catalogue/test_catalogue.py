import pytest

from dnne_ros.catalogue.catalogue import BUILT_IN, Catalogue
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import PortTypes, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget

TYPES = pytest.mark.parametrize("node_type", BUILT_IN, ids=lambda type: type.type_name)


@pytest.mark.parametrize("name, found", [
    ("SimulatorEnv", "SimulatorEnvNode"), ("SimulatorStepNode", "SimulatorStepNode"),
    ("IsaacGymEnvNode", "IsaacGymEnvNode"), ("IsaacGymEnv", "IsaacGymEnvNode"),
    ("ORNode", "ORNode"), ("OR", "ORNode"), ("PPOAgent", "PPOAgentNode"),
    ("Display", "DisplayNode"), ("Debug", "DisplayNode"), ("DebugNode", "DisplayNode"),
    ("PreviewAny", "DisplayNode"), ("CartpoleReward", "CartpoleRewardNode")])
def test_types_are_found_by_all_their_names(name, found):
    assert Catalogue().find(name).type_name == found


@pytest.mark.parametrize("name", ["", "Node", "ppoagentnode", "PPOAgentNodeNode", "Mystery"])
def test_other_names_find_nothing(name):
    assert Catalogue().find(name) is None
    assert Catalogue().signature(name) is None


@pytest.mark.parametrize("name, nearest", [
    ("PPOAgnt", "PPOAgentNode"), ("ppo_trainer", "PPOTrainerNode"), ("IsaacGymStp",
                                                                     "IsaacGymStepNode"),
    ("CartPoleActionNode", "CartpoleActionNode"), ("Displya", "DisplayNode")])
def test_the_nearest_name_comes_first(name, nearest):
    assert Catalogue().nearest(name)[0] == nearest


@pytest.mark.parametrize("name", ["xyzzy", "KSampler", "SetNode", "GetNode", "ConstNode", "Node",
                                  "VAEDecode", "CheckpointLoaderSimple", "OtherNode"])
def test_nothing_is_near_to_nonsense(name):
    assert Catalogue().nearest(name) == []


@pytest.mark.parametrize("name,nearest", [
    ("Conv2D", "Conv2DLayer"), ("AccuracyMetric", "Accuracy")])
def test_a_name_that_lacks_its_end_is_near(name, nearest):
    assert Catalogue().nearest(name)[0] == nearest


def test_a_users_type_replaces_and_does_not_steal():
    class PPOAgentNode(Node):
        """Mine."""

    class Debug(Node):
        """Mine, too: the name is only an alias of the built-in type."""

    class OR(Node):
        """A type whose name with the ending is another type's."""

    catalogue = Catalogue((*BUILT_IN, PPOAgentNode, Debug, OR))
    assert catalogue.find("PPOAgent") is PPOAgentNode
    assert catalogue.find("Debug") is Debug
    assert catalogue.find("Display").type_name == "DisplayNode"
    assert catalogue.find("OR") is OR and catalogue.find("ORNode").type_name == "ORNode"
    assert len(list(catalogue)) == len(BUILT_IN) + 2


@TYPES
def test_every_type_is_described(node_type):
    assert 10 < len(node_type.description()) < 100 and node_type.description().endswith(".")
    assert node_type.category != "other"
    for name, port in (*node_type.inputs.items(), *node_type.outputs.items()):
        assert port.doc and port.name == name, name
    for name, widget in node_type.widgets.items():
        assert widget.doc and widget.name == name, name
        assert widget.live or widget.fixed_because, name


@TYPES
def test_every_default_passes_its_own_check(node_type):
    for name, widget in node_type.widgets.items():
        assert widget.check(widget.default) == widget.default
        assert widget.parse(str(widget.default)) == widget.default, name
    wrong = node_type.validate_parameters(node_type().values)
    assert not [each for each in wrong if "is not installed" not in each]  # a package of messages


@TYPES
def test_names_of_ports_and_widgets_do_not_clash(node_type):
    assert not set(node_type.inputs) & set(node_type.widgets)
    for ports in (node_type.inputs, node_type.outputs):
        names = [name for port in ports.values() for name in (port.name, *port.aliases)]
        assert len(names) == len(set(names))


@TYPES
def test_port_types_are_known_by_their_own_names(node_type):
    for port in (*node_type.inputs.values(), *node_type.outputs.values()):
        assert type(PortTypes().named(port.type.name)) is type(port.type)


@TYPES
def test_what_follows_names_an_input_of_its_own(node_type):
    for port in node_type.inputs.values():
        assert port.follows is None or (port.follows[0] in node_type.inputs and port.optional)


def test_widgets_keep_the_order_of_workflow_files():
    assert list(Catalogue().find("PPOTrainer").widgets)[:13] == (
        "horizon_length num_epochs minibatch_size gamma gae_lambda clip_param value_coef "
        "entropy_coef learning_rate max_grad_norm checkpoint_enabled checkpoint_trigger_type "
        "checkpoint_trigger_value").split()
    assert list(Catalogue().find("PPOAgent").widgets)[:7] == (
        "hidden_sizes activation action_space action_dim learning_rate deterministic "
        "init_log_std").split()
    assert list(Catalogue().find("IsaacGymEnv").widgets)[:7] == (
        "env_name num_envs isaac_gym_path isaac_gym_envs_path headless device "
        "physics_engine").split()


def test_a_signature_tells_the_parser_all_it_needs():
    class NoiseNode(Node):
        """Make noise."""

        value = Input(Tensor("float32"), aliases=("x",))
        noisy = Output(Tensor("float32"))
        seed = Widget(0, seed=True)
        scale = Widget(1.0)

    signature = Catalogue((NoiseNode,)).signature("Noise")
    assert signature.type == "NoiseNode"
    assert signature.input("x").name == "value" and signature.output("noisy").type == "TENSOR"
    assert [(widget.name, widget.is_seed) for widget in signature.widgets] == [
        ("seed", True), ("scale", False)]
    assert signature.types_match("LAYER_TENSOR", "*TENSOR")
    assert signature.types_match("INT", "FLOAT") and not signature.types_match("SYNC", "TENSOR")
    assert not signature.types_match("NONSENSE", "TENSOR")


def test_an_older_type_does_what_the_one_that_took_its_place_does():
    older = [node_type for node_type in BUILT_IN if node_type.superseded_by]
    assert {"IsaacGymEnvNode", "IsaacGymStepNode"} <= {each.type_name for each in older}
    for each in older:
        current = Catalogue().find(each.superseded_by)
        assert current is not None and not current.superseded_by
        assert each not in Catalogue().current() and current in Catalogue().current()


@pytest.mark.parametrize("older, current", [
    ("IsaacGymEnvNode", "SimulatorEnvNode"), ("IsaacGymStepNode", "SimulatorStepNode")])
def test_the_simulators_nodes_have_the_same_ports_and_widgets_under_both_names(older, current):
    older, current = Catalogue().find(older), Catalogue().find(current)
    assert older.inputs == current.inputs and older.outputs == current.outputs
    assert older.widgets == current.widgets


def test_a_type_of_ones_own_that_extends_an_older_one_is_current():
    class Mine(Catalogue().find("IsaacGymStep")):
        """Mine."""

    assert not Mine.superseded_by
