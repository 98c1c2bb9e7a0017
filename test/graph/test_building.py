import pytest

from dnne_ros.errors import InputError, Problems
from dnne_ros.node_api.port_types import Tensor
from dnne_ros.transport.policy import EdgePolicy, WhenAbsent


def edge_to(graph, node, port):
    return graph.incoming[node][port][0]


def test_the_sample_graph_builds(cartpole):
    assert cartpole.namespace == "cartpole_ppo"
    names = {node.ros_name.rsplit("_", 1)[0] for node in cartpole.nodes.values()}
    assert {"isaac_gym_env", "isaac_gym_step", "ppo_agent", "ppo_trainer", "or"} <= names
    assert all(edge.type.name != "*" for edge in cartpole.edges)


def test_values_are_checked_and_completed(build):
    graph = build({"1": ("SourceNode", {"widgets": {"gain": 2, "steps": 4.0}})})
    assert graph.nodes["1"].values == {"gain": 2.0, "steps": 4, "mode": "slow", "on": False}
    assert type(graph.nodes["1"].values["gain"]) is float
    assert type(graph.nodes["1"].values["steps"]) is int


def test_types_load_with_and_without_node(build):
    graph = build({"1": "Source", "2": "Scale", "3": "Display"},
                  ["1.tensor > 2.value", "2.scaled > 3.value"])
    assert [node.type.type_name for node in graph.nodes.values()] == [
        "SourceNode", "ScaleNode", "DisplayNode"]
    assert [node.ros_name for node in graph.nodes.values()] == [
        "source_1", "scale_2", "display_3"]


def test_older_port_names_load(build_document):
    graph = build_document({
        "1": {"class_type": "IsaacGymEnv", "inputs": {}},
        "2": {"class_type": "PPOAgent", "inputs": {"observations": ["1", 1]}},
        "3": {"class_type": "CartpoleAction", "inputs": {"policy": ["2", 0]}},
        "4": {"class_type": "Debug", "inputs": {"tensor": ["3", 0]}}})
    assert edge_to(graph, "3", "network_output").type.name == "POLICY_OUTPUT"
    assert edge_to(graph, "4", "value").type.name == "ACTION"


def test_policies_and_capacities_come_from_port_types_and_links(build):
    graph = build(
        {"1": "Source", "2": "Display",
         "3": ("Scale", {"options": {"inputs": {
             "value": {"policy": "drop_oldest", "capacity": 7, "when_absent": "fail"}}}}),
         "4": "Scale"},
        ["1.tensor > 2.value", "1.tensor > 3.value", "1.tensor > 4.value"])
    assert edge_to(graph, "2", "value").policy is EdgePolicy.LATEST
    assert edge_to(graph, "3", "value").policy is EdgePolicy.DROP_OLDEST
    assert edge_to(graph, "3", "value").capacity == 7
    assert edge_to(graph, "4", "value").policy is EdgePolicy.LOSSLESS
    assert edge_to(graph, "3", "value").when_absent is WhenAbsent.FAIL
    assert edge_to(graph, "4", "value").capacity == 100
    assert edge_to(graph, "4", "value").when_absent is WhenAbsent.WAIT
    assert graph.edge_name(edge_to(graph, "4", "value")) == "source_1/tensor → scale_4/value"


def test_an_int_flows_into_a_float(build):
    graph = build({"1": "Source", "2": "Average"}, ["1.count > 2.number"])
    assert edge_to(graph, "2", "number").type.name == "INT"


class TestPassThrough:
    def test_a_merge_has_the_type_of_its_inputs(self, build):
        graph = build({"1": "Source", "2": "OR", "3": "OR", "4": "Scale"},
                      ["3.output > 4.value", "2.output > 3.input_c", "1.tensor > 2.input_b"])
        for source in ("2", "3"):
            flowing = graph.output_types[next(
                ref for ref in graph.output_types if ref.node == source)]
            assert isinstance(flowing, Tensor) and flowing.dtype == "float32"

    def test_what_does_not_fit_after_a_merge_is_found(self, report_of):
        [line] = report_of({"1": "Source", "2": "OR", "3": "Scale"},
                           ["1.sync > 2.input_a", "2.output > 3.value"])
        assert "node 3 (Scale), input 'value': expected TENSOR float32, found SYNC" in line
        assert "node 2 (OR), output 'output'" in line

    def test_the_inputs_of_a_merge_must_agree(self, report_of):
        [line] = report_of({"1": "Source", "2": ("OR", {"title": "both"})},
                           ["1.sync > 2.input_b", "1.tensor > 2.input_a"])
        assert line == (
            "node 2 'both' (OR), input 'input_b': expected TENSOR float32 as on its other "
            "inputs, found SYNC from node 1 (Source), output 'sync'")

    def test_element_types_of_a_merge_must_agree_too(self, report_of):
        [line] = report_of({"1": "Source", "2": "OR"},
                           ["1.flags > 2.input_b", "1.tensor > 2.input_a"])
        assert "expected TENSOR float32 as on its other inputs, found TENSOR bool" in line

    def test_a_gate_passes_on_its_value_not_its_trigger(self, build):
        graph = build({"1": "Source", "2": "Gate", "3": "Scale"},
                      ["1.sync > 2.trigger", "1.tensor > 2.value", "2.output > 3.value"])
        assert edge_to(graph, "3", "value").type.name == "TENSOR"

    def test_what_would_pass_through_an_unlinked_node_is_not_told_again(self, report_of):
        [line] = report_of({"1": "OR", "2": "Scale", "3": "OR"},
                           ["1.output > 2.value", "1.output > 3.input_a"])
        assert line == "node 1 (OR): none of its inputs is linked; it needs at least one"

    def test_merges_that_only_feed_each_other_are_reported(self, report_of):
        lines = report_of({"1": "OR", "2": "OR"},
                          ["1.output > 2.input_a", "2.output > 1.input_a"])
        assert len(lines) == 2
        assert all("given nothing to pass on" in line for line in lines)


class TestImpliedLinks:
    NODES = {"1": "IsaacGymEnv", "2": "IsaacGymStep", "3": "OR", "4": "PPOAgent",
             "5": "CartpoleAction", "6": "PPOTrainer"}
    LINKS = ["1.sim_handle > 2.sim_handle", "1.observations > 3.input_a",
             "2.observations > 3.input_b", "3.output > 4.observations",
             "4.policy_output > 5.network_output", "5.action > 2.actions",
             "4.policy_output > 6.policy_output", "4.model > 6.model", "2.rewards > 6.reward",
             "2.done > 6.done", "2.observations > 6.state", "6.training_complete > 2.trigger"]

    def test_the_trainer_gets_what_goes_with_done(self, build):
        graph = build(self.NODES, self.LINKS)
        implied = [edge for edge in graph.edges if edge.implied]
        assert {(str(edge.source), str(edge.target)) for edge in implied} == {
            ("2.info", "6.info"), ("2.next_observations", "6.next_observations")}
        assert graph.edges[-2:] == tuple(implied)

    def test_a_drawn_link_stays_as_drawn(self, build):
        graph = build(self.NODES, [*self.LINKS, "2.info > 6.info"])
        assert not edge_to(graph, "6", "info").implied
        assert edge_to(graph, "6", "next_observations").implied

    def test_nothing_is_implied_where_the_source_has_no_such_output(self, build):
        links = [link for link in self.LINKS if link != "2.done > 6.done"]
        graph = build({**self.NODES, "7": "CartpoleReward"},
                      [*links, "2.observations > 7.observations", "7.done > 6.done"])
        assert "info" not in graph.incoming["6"]

    def test_the_legal_loops_of_ppo(self, build):
        assert len(build(self.NODES, self.LINKS).edges) == 14


class TestReports:
    def test_unknown_types_list_the_nearest(self, report_of):
        lines = report_of({"1": ("PPOTrainr", {"title": "Learner"}), "2": "Zzz"})
        assert len(lines) == 2
        assert lines[0].startswith("node 1 'Learner' (PPOTrainr): unknown node type 'PPOTrainr'; ")
        assert "did you mean PPOTrainerNode" in lines[0]
        assert lines[1] == ("node 2 (Zzz): unknown node type 'Zzz'; `dnne-ros nodes` lists the "
                            "known ones")

    @pytest.mark.parametrize("trouble", [
        RuntimeError("two\nlines"), SystemExit(0), GeneratorExit("gone")])
    @pytest.mark.parametrize("method", ["__init__", "validate_parameters", "waits_for_all"])
    def test_a_type_whose_own_code_fails_is_named(self, build, report_of, monkeypatch, method,
                                                       trouble):
        def fail(*_):
            raise trouble

        graph = ({"1": "Source", "2": "Scale", "3": "Scale"},
                 ["1.tensor > 2.value", "2.scaled > 3.value"])
        monkeypatch.setattr(build(*graph).nodes["2"].type, method, fail)
        lines = report_of(*graph)
        said = " ".join(f"{type(trouble).__name__}: {trouble}".split())
        assert lines == [f"node {id} (Scale): its type's own code failed: {said}" for id in "23"]

    def test_an_unknown_type_causes_no_further_complaints(self, report_of):
        lines = report_of(
            {"1": "Mystery", "2": "Scale", "3": "OR", "4": "Scale"},
            ["1.output 0 > 2.value", "1.output 0 > 3.input_a", "3.output > 4.value"],
            ["1.gain=2", "mystery_1.gain=2"])
        assert len(lines) == 1 and "unknown node type 'Mystery'" in lines[0]

    @pytest.mark.parametrize("widget, value, expected, found", [
        ("gain", 3.0, "a number from 0.0 to 2.0", "3.0"),
        ("gain", "2", "a number from 0.0 to 2.0", "a string: '2'"),
        ("gain", True, "a number from 0.0 to 2.0", "a boolean: True"),
        ("gain", 10**400, "a number from 0.0 to 2.0", "1000"),
        ("steps", 0, "an integer of at least 1", "0"),
        ("steps", 1.5, "an integer of at least 1", "a number: 1.5"),
        ("steps", 2**63, "an integer of at least 1", "9223372036854775808"),
        ("mode", "medium", "one of slow, fast", "'medium'"),
        ("on", 1, "a boolean", "an integer: 1"),
        ("on", None, "a boolean", "null: None"),
        ("mode", ["slow"], "one of slow, fast", "a list: ['slow']"),
    ])
    def test_a_bad_widget_value(self, report_of, widget, value, expected, found):
        [line] = report_of({"1": ("Source", {"title": "S", "widgets": {widget: value}})})
        assert line.startswith(f"node 1 'S' (Source), widget {widget!r}: expected {expected}, "
                               f"found {found}")

    def test_widgets_that_only_fail_together(self, report_of):
        [line] = report_of({"1": ("PPOAgentNode", {"widgets": {"hidden_sizes": "64,x"}}),
                            "2": "IsaacGymEnv"}, ["2.observations > 1.observations"])
        assert line.startswith("node 1 (PPOAgentNode): widget 'hidden_sizes': expected sizes such "
                               "as 64,64, found '64,x' (not whole numbers with commas between)")

    def test_a_required_input_without_link(self, report_of):
        [line] = report_of({"1": ("Scale", {"title": "Gain"})})
        assert line == ("node 1 'Gain' (Scale), input 'value': nothing is linked to it; expected "
                        "TENSOR float32")

    def test_a_merge_without_any_link(self, report_of):
        [line] = report_of({"1": "OR"})
        assert line == "node 1 (OR): none of its inputs is linked; it needs at least one"

    def test_a_wrong_port_type_names_both_ends(self, report_of):
        [line] = report_of({"1": ("Source", {"title": "S"}), "2": ("Scale", {"title": "Gain"})},
                           ["1.sync > 2.value"])
        assert line == ("node 2 'Gain' (Scale), input 'value': expected TENSOR float32, found "
                        "SYNC from node 1 (Source), output 'sync'")

    def test_an_input_of_two_types_names_both(self, report_of):
        [line] = report_of({"1": "Source", "2": "CartpoleAction"},
                           ["1.sync > 2.network_output"])
        assert "expected TENSOR (env, action) float32 or POLICY_OUTPUT, found SYNC" in line

    def test_a_plain_tensor_is_no_action(self, report_of):
        lines = report_of({"1": "Source", "2": "IsaacGymEnv", "3": "IsaacGymStep"},
                          ["2.sim_handle > 3.sim_handle", "1.tensor > 3.actions"])
        assert len(lines) == 1 and "expected ACTION" in lines[0]

    def test_a_stuck_loop_is_printed_with_its_path(self, report_of):
        [line] = report_of({"1": "Scale", "2": "Scale", "3": "OR"},
                           ["1.scaled > 2.value", "2.scaled > 3.input_a", "3.output > 1.value"])
        assert "a loop that nothing starts" in line
        for step in ("1.scaled → 2.value (ScaleNode)", "2.scaled → 3.input_a (ORNode)",
                     "3.output → 1.value (ScaleNode)"):
            assert step in line
        assert "merge (ORNode) with an input from outside" in line

    def test_a_node_that_feeds_itself_is_a_stuck_loop(self, report_of):
        [line] = report_of({"1": "Scale"}, ["1.scaled > 1.value"])
        assert "1.scaled → 1.value (ScaleNode)" in line

    def test_only_the_loop_is_printed_not_what_hangs_on_it(self, report_of):
        [line] = report_of({"1": "Scale", "2": "Scale", "3": "Scale"},
                           ["1.scaled > 2.value", "2.scaled > 1.value", "2.scaled > 3.value"])
        assert "3.value" not in line

    @pytest.mark.parametrize("inputs, said", [
        ({"value": {"policy": "sometimes"}}, "edge option 'policy': 'sometimes'"),
        ({"value": {"policy": ["lossless"]}}, "edge option 'policy': ['lossless']"),
        ({"value": {"capacity": 0}}, "edge option 'capacity': 0"),
        ({"value": {"capacity": True}}, "edge option 'capacity': True"),
        ({"value": {"capacity": 1.5}}, "edge option 'capacity': 1.5"),
        ({"value": {"speed": 3}}, "edge option 'speed': 3"),
        ({"value": "lossless"}, "expected an object of edge options, found 'lossless'"),
        ({"velue": {"capacity": 3}}, "'velue', which it has not; its inputs are: value"),
        (["value"], "to be an object of edge options by input, found ['value']"),
    ])
    def test_bad_edge_options(self, report_of, inputs, said):
        [line] = report_of({"1": "Source", "2": ("Scale", {"options": {"inputs": inputs}})},
                           ["1.tensor > 2.value"])
        assert line.startswith("node 2 (Scale)") and said in line

    def test_edge_options_say_what_is_legal(self, report_of):
        [line] = report_of(
            {"1": "Source",
             "2": ("Scale", {"options": {"inputs": {"value": {"policy": 1}}}})},
            ["1.tensor > 2.value"])
        assert line.endswith("expected policy (one of lossless, latest, drop_oldest), capacity "
                             "(1 to 1000000) or when_absent (one of wait, drop, fail)")

    @pytest.mark.parametrize("process", ["Sim", "a b", "a__b", "1st", "", 3, ["sim"], "/sim"])
    def test_a_bad_process_name(self, report_of, process):
        [line] = report_of({"1": ("Source", {"options": {"process": process}})})
        assert line.startswith(f"node 1 (Source): process {process!r} is not a legal name")

    def test_unknown_options(self, report_of):
        [line] = report_of({"1": ("Source", {"options": {"proces": "sim"}})})
        assert "unknown entries in properties.dnne_ros: proces; expected process, inputs" in line

    def test_everything_wrong_comes_in_one_report_after_what_the_parser_found(self, build):
        earlier = Problems("graph.json")
        earlier.add("found while reading", node="9")
        with pytest.raises(InputError) as caught:
            build({"1": ("Source", {"widgets": {"gain": -1.0}, "options": {"process": "A"}}),
                   "2": "Scale", "3": "Nope", "4": "Scale", "5": "Scale"},
                  ["1.sync > 2.value", "5.scaled > 5.value"],
                  ["1.nothing=3"], problems=earlier)
        report = str(caught.value)
        assert report.startswith("graph.json: 8 problems\n  - node 9: found while reading\n")
        for part in ("unknown node type 'Nope'", "widget 'gain'", "has no widget 'nothing'",
                     "found SYNC", "node 4 (Scale), input 'value'", "5.scaled → 5.value",
                     "process 'A'"):
            assert part in report


class TestLoops:
    def test_a_port_that_starts_loops(self, build):
        assert build({"1": "Ticking", "2": "Scale"}, ["1.tick > 2.value", "2.scaled > 1.value"])

    def test_a_merge_with_an_input_from_outside(self, build):
        assert build({"1": "Source", "2": "OR", "3": "Scale"},
                     ["1.tensor > 2.input_a", "2.output > 3.value", "3.scaled > 2.input_b"])

    def test_a_loop_is_stuck_although_another_input_is_fed(self, report_of):
        [line] = report_of({"1": "Source", "2": "Add", "3": "Scale"},
                           ["1.tensor > 2.a", "2.sum > 3.value", "3.scaled > 2.b"])
        assert "2.sum → 3.value (ScaleNode)" in line and "3.scaled → 2.b (AddNode)" in line

    def test_a_long_chain_is_no_problem(self, build):
        nodes = {"0": "Source", **{str(i): "Scale" for i in range(1, 1500)}}
        links = ["0.tensor > 1.value",
                 *(f"{i}.scaled > {i + 1}.value" for i in range(1, 1499))]
        assert len(build(nodes, links).edges) == 1499
