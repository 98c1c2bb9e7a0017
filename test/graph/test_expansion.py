"""Nodes of drawings alone: settings in nodes of their own, and a node that is a whole loop."""

import json

import pytest

from dnne_ros.catalogue.catalogue import BUILT_IN, Catalogue
from dnne_ros.errors import InputError
from dnne_ros.graph.building import build_graph
from dnne_ros.graph.edge_settings import Setting
from dnne_ros.node_api.drawn import DrawnNode
from dnne_ros.nodes.rl.ppo_agent import PPOAgentNode
from dnne_ros.nodes.rl.ppo_loop import PPOAgent
from dnne_ros.nodes.simulation.simulation import SimulatorEnvNode
from dnne_ros.workflow.reading import parse_workflow

CATALOGUE = Catalogue(BUILT_IN)
ENVS = {"task": "Cartpole", "num_envs": 8, "sim_device": "cpu", "seed": 42, "dt": 0.01667}


def api(agent=None, config=None, envs=None, **others):
    return {
        "25": {"class_type": "IsaacGymEnvs", "inputs": {**ENVS, **(envs or {})}},
        "27": {"class_type": "PPOConfig", "inputs": config or {}},
        "26": {"class_type": "PPOAgent", "_meta": {"title": "Learner"},
               "inputs": {"env": ["25", 0], "config": ["27", 0], **(agent or {})}}, **others}


def build(document, *settings):
    workflow, problems = parse_workflow(document, "graph", "graph.json", CATALOGUE.signature)
    return build_graph(workflow, CATALOGUE, problems, [Setting.parse(text) for text in settings])


def report(document, *settings):
    with pytest.raises(InputError) as caught:
        build(document, *settings)
    return [str(problem) for problem in caught.value.problems]


def test_a_loop_is_what_one_would_draw():
    """The same nodes, values and edges, of which the same losses follow."""
    def link(name, slot):
        return [f"26:{name}", slot]

    drawn = {
        "26:env": {"class_type": "SimulatorEnv", "inputs": {
            "env_name": "Cartpole", "num_envs": 8, "device": "cpu"}},
        "26:step": {"class_type": "SimulatorStep", "inputs": {
            "sim_handle": link("env", 0), "actions": link("action", 0),
            "trigger": link("trainer", 1)}},
        "26:merge": {"class_type": "OR", "inputs": {"input_a": link("env", 1),
                                                    "input_b": link("step", 0)}},
        "26:agent": {"class_type": "PPOAgentNode", "inputs": {
            "observations": link("merge", 0), "hidden_sizes": "256, 128, 64", "activation": "elu",
            "shared_trunk": True, "normalize_observations": True, "normalize_values": True}},
        "26:action": {"class_type": "Action", "inputs": {
            "network_output": link("agent", 0), "sim_handle": link("env", 0)}},
        "26:trainer": {"class_type": "PPOTrainer", "inputs": {
            "state": link("step", 0), "policy_output": link("agent", 0),
            "reward": link("step", 1), "done": link("step", 2), "model": link("agent", 1),
            "minibatch_size": 8192, "clip_value_loss": True, "desired_kl": 0.008,
            "bounds_loss_coef": 0.0001, "max_updates": 10_000, "schedule_updates": 10_000,
            "checkpoint_enabled": True, "checkpoint_trigger_value": "100"}}}
    ours, by_hand = build(api()), build(drawn)
    assert set(ours.edges) == set(by_hand.edges)
    for id_, node in by_hand.nodes.items():
        assert ours.nodes[id_].type is node.type and ours.nodes[id_].ros_name == node.ros_name
        assert ours.nodes[id_].values == node.values, id_
    assert list(ours.nodes) == list(by_hand.nodes)


def test_settings_of_the_config_reach_the_trainer():
    graph = build(api(
        agent={"max_iterations": 7, "checkpoint_interval": 0, "mixed_precision": True,
               "separate_value_network": True, "network_mlp_layers": "[]"},
        config={"max_iterations": 9, "lr_schedule": "constant", "truncate_grads": False,
                "value_loss_coef": 2.0, "reward_shaper_scale": 0.1, "num_minibatches": 4,
                "horizon_length": 10, "normalize_input": False, "max_grad_norm": 1.0}))
    trainer, agent = graph.nodes["26:trainer"].values, graph.nodes["26:agent"].values
    assert trainer["max_updates"] == 7 and trainer["lr_schedule"] == "fixed"
    assert trainer["max_grad_norm"] == 1e6 and trainer["value_coef"] == 2.0
    assert trainer["reward_scale"] == 0.1 and trainer["minibatch_size"] == 10 * 8 // 4
    assert trainer["bfloat16"] and not trainer["checkpoint_enabled"]
    assert agent["hidden_sizes"] == "" and not agent["shared_trunk"]
    assert not agent["normalize_observations"] and agent["normalize_values"]


def test_set_names_nodes_of_the_file_and_those_that_run():
    graph = build(api(), "27.gamma=0.9", "isaac_gym_envs_25.num_envs=4", "26.action_dim=2",
                  "/graph/ppo_agent_26.network_activation=tanh", "26:trainer.num_epochs=9",
                  "ppo_trainer_26_trainer.clip_param=0.3", "26:step.watchdog.seconds=2.0")
    trainer, agent = graph.nodes["26:trainer"].values, graph.nodes["26:agent"].values
    assert (trainer["gamma"], trainer["num_epochs"], trainer["clip_param"]) == (0.9, 9, 0.3)
    assert (agent["activation"], agent["action_dim"]) == ("tanh", 2)
    assert graph.nodes["26:env"].values["num_envs"] == 4
    assert graph.nodes["26:step"].faults["watchdog.seconds"] == 2.0


def test_later_port_names_and_outputs():
    document = api(
        shown={"class_type": "Display", "inputs": {"value": ["26", 1]}},
        balance={"class_type": "BalancerConfig", "inputs": {"enabled": True, "min_hz": -1.0}})
    document["26"]["inputs"] = {
        "env_config": ["25", 0], "ppo_config": ["27", 0], "balancing_config": ["balance", 0],
        "eval_interval": 50, "save_path": "./ppo_checkpoints", "resume_from": ""}
    graph = build(document)
    assert "shown" in graph.nodes and "balance" not in graph.nodes
    assert ("26:trainer.metrics", "shown.value") in {
        (str(edge.source), str(edge.target)) for edge in graph.edges}


@pytest.mark.parametrize("changes, expected", [
    ({"agent": {"network_mlp_layers": "[64, x]"}},
     "node 26 'Learner' (PPOAgent): widget 'network_mlp_layers': expected sizes such as"),
    ({"agent": {"resume_from": "run/1"}},
     "node 26 'Learner' (PPOAgent): widget 'resume_from': expected an empty text, found 'run/1'"),
    ({"agent": {"network_activation": "selu"}},
     "node 26 'Learner' (PPOAgent), widget 'network_activation': expected one of relu, tanh, elu"),
    ({"config": {"gamma": 2.0}}, "node 27 (PPOConfig), widget 'gamma': expected a number from"),
    ({"config": {"normalize_advantage": False}},
     "node 27 (PPOConfig): widget 'normalize_advantage': expected true, found false"),
    ({"envs": {"sim_device": "tpu"}},
     "node 25 (IsaacGymEnvs): widget 'sim_device': expected cpu, cuda or a device such as cuda:0"),
    ({"envs": {"task": "none"}}, "node 25 (IsaacGymEnvs): widget 'task': expected a task"),
    ({"envs": {"num_envs": 0}}, "node 25 (IsaacGymEnvs), widget 'num_envs': expected an integer"),
    ({"agent": {"config": ["25", 0]}},
     "node 26 'Learner' (PPOAgent), input 'config': expected PPO_CONFIG, found ISAAC_ENV_CONFIG "
     "from node 25 (IsaacGymEnvs), output 'env'"),
    ({"9": {"class_type": "Display", "inputs": {"value": ["26", 2]}}},
     "node 26 'Learner' (PPOAgent), output 'eval_stats': nothing comes from it: an evaluation"),
    ({"9": {"class_type": "Display", "inputs": {"value": ["27", 0]}}},
     "node 27 (PPOConfig), output 'config': node 9 has no use for settings"),
    ({"9": {"class_type": "PPOTrainer", "inputs": {"model": ["27", 0]}}},
     "node 9 (PPOTrainer), input 'model': expected MODEL, found PPO_CONFIG from node 27")])
def test_errors_name_the_node_of_the_file(changes, expected):
    found = report(api(**changes))
    assert any(line.startswith(expected) for line in found), found


def test_what_only_a_running_node_has_is_refused_for_a_drawn_one():
    line, = report(api(), "26.watchdog.seconds=1.0")
    assert line.startswith("node 26 'Learner' (PPOAgent): watchdog.seconds: it does not run")
    line, = report(api(), "26:trainr.gamma=1.0")
    assert "no node '26:trainr'; there are" in line and "26:trainer" in line
    document = api()
    del document["26"]["inputs"]["env"]
    line, = report(document)
    assert line.endswith("input 'env': nothing is linked to it; expected ISAAC_ENV_CONFIG")


def test_each_consumer_of_settings_has_its_own_environments():
    document = api()
    document["30"] = {"class_type": "PPOAgent", "inputs": dict(document["26"]["inputs"])}
    document["31"] = {"class_type": "IsaacGymSim", "inputs": {
        "env_config": ["25", 0], "action": ["32", 0]}}
    document["32"] = {"class_type": "CartpoleAction", "inputs": {"network_output": ["31", 0]}}
    graph = build(document)
    made = [id_ for id_, node in graph.nodes.items() if node.type is SimulatorEnvNode]
    assert sorted(made) == ["26:env", "30:env", "31:env"]
    assert ("31:env.sim_handle", "31.env_config") in {
        (str(edge.source), str(edge.target)) for edge in graph.edges}


def test_which_ppo_agent_is_meant_follows_from_the_ports():
    def types(document):
        workflow, _ = parse_workflow(document, "g", "g.json", CATALOGUE.signature)
        return [CATALOGUE.declared(node.declared) or CATALOGUE.find(node.type)
                for node in workflow.nodes]

    def ui(**entry):
        return {"nodes": [{"id": 1, "type": "PPOAgent", **entry}], "links": []}

    old = {"class_type": "PPOAgent", "inputs": {"observations": ["2", 0], "hidden_sizes": "8"}}
    assert types({"1": old}) == [PPOAgentNode]
    assert types({"1": {"class_type": "PPOAgent", "inputs": {}}}) == [PPOAgentNode]
    assert types({"1": {"class_type": "PPOAgent", "inputs": {"env": ["2", 0]}}}) == [PPOAgent]
    assert types(ui()) == types(ui(inputs=[{"name": "observations"}])) == [PPOAgentNode]
    assert types(ui(inputs=[{"name": "env_config"}, {"name": "ppo_config"}])) == [PPOAgent]
    assert types(ui(outputs=[{"name": "metrics"}])) == [PPOAgent]
    assert CATALOGUE.find("PPOAgent") is PPOAgentNode


def test_a_file_as_the_editor_saves_it():
    """Widgets are told by the names that the editor lists, those that mean nothing here too."""
    def node(id_, type_, ports, widgets, outputs, values):
        inputs = [{"name": name, "type": kind, "link": link} for name, kind, link in ports]
        inputs += [{"name": name, "widget": {"name": name}, "link": None} for name in widgets]
        return {"id": id_, "type": type_, "mode": 0, "inputs": inputs, "widgets_values": values,
                "outputs": [{"name": name, "type": kind} for name, kind in outputs]}

    document = {"nodes": [
        node(25, "IsaacGymEnvs", [], [
            "task", "dynamic_1", "dynamic_2", "dynamic_3", "dt", "num_envs", "seed",
            "seed_control", "headless", "graphics_device_id", "sim_device", "physics_engine",
            "multi_gpu", "enable_cameras", "force_render", "use_gpu_pipeline", "num_threads",
            "solver_type", "num_subscenes", "schema_display"],
            [("env", "ISAAC_ENV_CONFIG_PYDICT")],
            ["Cartpole", "none", "none", "none", 0.01667, 48, 42, "fixed", True, 0, "cuda:0",
             "physx", False, False, False, True, 0, 1, 0, "no schema"]),
        node(27, "PPOConfig", [], [
            "learning_rate", "num_epochs", "minibatch_size", "clip_param", "value_loss_coef",
            "entropy_coef", "gamma", "gae_lambda", "max_grad_norm", "horizon_length",
            "max_iterations", "lr_schedule", "lr_schedule_kl_threshold", "use_clipped_value_loss",
            "normalize_advantage", "normalize_input", "normalize_value", "reward_shaper_scale",
            "e_clip", "truncate_grads", "bounds_loss_coef"],
            [("config", "PPO_CONFIG_PYDICT")],
            [0.0005, 8, 1024, 0.1, 1.5, 0.02, 0.98, 0.9, 0.7, 24, 300, "linear", 0.01, False,
             True, False, True, 0.5, 0.2, True, 0.001]),
        node(26, "PPOAgent", [
            ("env_config", "ISAAC_ENV_CONFIG_PYDICT", 31), ("ppo_config", "PPO_CONFIG_PYDICT", 30),
            ("balancing_config", "BALANCING_CONFIG_PYDICT", None)],
            ["max_iterations", "checkpoint_interval", "eval_interval", "eval_episodes",
             "log_interval", "save_path", "resume_from"],
            [("agent", "PPO_AGENT_OBJ"), ("training_stats", "PPO_TRAINING_STATS_PYDICT"),
             ("eval_stats", "PPO_EVAL_STATS_PYDICT")], [1000, 20, 50, 10, 10, "./ppo", ""])],
        "links": [[30, 27, 0, 26, 1, "PPO_CONFIG_PYDICT"],
                  [31, 25, 0, 26, 0, "ISAAC_ENV_CONFIG_PYDICT"]]}
    graph = build(json.loads(json.dumps(document)))
    trainer, agent = graph.nodes["26:trainer"].values, graph.nodes["26:agent"].values
    env = graph.nodes["26:env"].values
    assert {name: trainer[name] for name in (
        "learning_rate", "num_epochs", "minibatch_size", "clip_param", "value_coef",
        "entropy_coef", "gamma", "gae_lambda", "max_grad_norm", "horizon_length", "max_updates",
        "lr_schedule", "schedule_updates", "desired_kl", "clip_value_loss", "reward_scale",
        "bounds_loss_coef", "checkpoint_trigger_value")} == {
        "learning_rate": 0.0005, "num_epochs": 8, "minibatch_size": 1024, "clip_param": 0.1,
        "value_coef": 1.5, "entropy_coef": 0.02, "gamma": 0.98, "gae_lambda": 0.9,
        "max_grad_norm": 0.7, "horizon_length": 24, "max_updates": 300, "lr_schedule": "linear",
        "schedule_updates": 300, "desired_kl": 0.01, "clip_value_loss": False,
        "reward_scale": 0.5, "bounds_loss_coef": 0.001, "checkpoint_trigger_value": "20"}
    assert not agent["normalize_observations"] and agent["normalize_values"]
    assert (env["num_envs"], env["device"], env["env_name"]) == (48, "cuda", "Cartpole")
    assert not any(issubclass(node.type, DrawnNode) for node in graph.nodes.values())


def test_settings_without_a_node_that_runs_are_no_graph():
    alone = {id: node for id, node in api().items() if id != "26"}
    assert report(alone) == [
        "holds settings alone (25 IsaacGymEnvs, 27 PPOConfig): no node in it runs"]
