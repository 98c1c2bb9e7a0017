"""What statuses and words of processes become."""

from dnne_ros.metrics.figures import RunWords, add_edge, add_node, edge_labels
from dnne_ros.metrics.histogram import LATENCY_BOUNDS, Histogram
from dnne_ros.metrics.samples import Samples

EDGE = "a_1/out → b_2/in"
LABELS = ("/g", "a_1", "out", "b_2", "in")


def found(samples):
    return {(family.base, labels): value for family, labels, value in samples}


def end(which, **values):
    return {"edge": EDGE, "end": which, "policy": "lossless", "transport": "socket",
            "capacity": 10, "depth": 0, "duplicated": 0, "dropped": 0, **values}


def test_an_edge_is_told_by_its_ports():
    assert edge_labels("/g", EDGE) == LABELS
    assert edge_labels("/g", "/robot/joint_states → b_2/in") == (
        "/g", "/robot/joint_states", "", "b_2", "in")


def test_two_ends_are_one_edge():
    sender, receiver = Samples(), Samples()
    add_edge(sender, "/g", end("sender", sent=12, blocked_s=0.5, dropped=2), None)
    add_edge(receiver, "/g", end("receiver", received=9, lost=1, depth=3, dropped=1,
                                 duplicated=4), None)
    for first, second in ((sender, receiver), (receiver, sender)):
        together = Samples()
        together.merge(first)
        together.merge(Samples.from_plain(second.to_plain()))
        assert found(together) == {
            ("edge_items_sent", LABELS): 12, ("edge_items_received", LABELS): 9,
            ("edge_items_lost", LABELS): 1, ("edge_items_duplicated", LABELS): 4,
            ("edge_items_dropped", LABELS): 3, ("edge_blocked_seconds", LABELS): 0.5,
            ("edge_waiting_items", LABELS): 3, ("edge_capacity_items", LABELS): 10,
            ("edge_info", (*LABELS, "lossless", "socket")): 1}


def test_latencies_travel_between_processes():
    latencies = Histogram(LATENCY_BOUNDS)
    for seconds in (1e-5, 0.002, 60.0):
        latencies.add(seconds)
    samples = Samples()
    add_edge(samples, "/g", end("both", sent=1), latencies)
    latencies.add(0.002)  # which is of a later moment
    again = found(Samples.from_plain(samples.to_plain()))["edge_latency_seconds", LABELS]
    assert again.count == 3 and again.sum == 60.00201
    assert (again.counts[0], again.counts[LATENCY_BOUNDS.index(2.5e-3)], again.counts[-1]) == (
        1, 1, 1)


def test_a_node_says_its_counters_and_its_own_figures():
    samples = Samples()
    add_node(samples, "/g", "b_2", 1, {
        "type": "Sink", "title": "The end", "process": "main", "processes": 2, "pid": 17,
        "cpu_percent": 3.0, "taken": 8, "taken_per_s": 4.0, "sent": 0, "sent_per_s": 0.0,
        "deadline.missed": 3, "deadline.worst_s": 0.2, "errors.count": 1, "frames_lost": 5,
        "runtime": "cpu", "armed": True})
    node = ("/g", "b_2")
    assert found(samples) == {
        ("node_level", node): 1, ("node_info", (*node, "Sink", "The end", "main")): 1,
        ("node_items_taken", node): 8, ("node_items_sent", node): 0,
        ("node_deadline_missed", node): 3, ("node_deadline_worst_seconds", node): 0.2,
        ("node_errors", node): 1, ("node_figure", (*node, "frames_lost")): 5}


def test_words_to_the_supervisor_are_counted():
    words = RunWords("/g")
    for kind, content in (
            ("started", {"message": ""}), ("warning", {"message": "careful"}),
            ("progress", {"metrics": {"env_steps": 512, "total_updates": 2, "episodes": 7,
                                      "mean_return": None, "loss": 0.5, "kl": 0.01}}),
            ("saving", {}), ("saved", {"directory": "d"}), ("not_saved", {"reason": "full"}),
            ("progress", {"metrics": {"epoch": 4, "completed_epoch": {
                "epoch": 3, "loss": 0.25, "accuracy": 0.9, "samples": 100}}})):
        words.note(kind, content)
    samples = Samples()
    words.add(samples)
    said = {(family.base, labels[1:]): value for family, labels, value in samples}
    assert said.pop(("checkpoint_duration_seconds", ())).count == 1
    assert said.pop(("run_start_time_seconds", ())) <= said.pop(
        ("checkpoint_last_saved_time_seconds", ()))
    assert said == {
        ("run_warnings", ()): 1, ("run_standstills", ()): 0, ("checkpoints_saved", ()): 1,
        ("checkpoints_failed", ()): 1, ("training_updates", ()): 2,
        ("training_env_steps", ()): 512, ("training_episodes", ()): 7,
        ("training_epochs", ()): 3, ("training_loss", ()): 0.25,
        ("training_accuracy_ratio", ()): 0.9, ("training_figure", ("kl",)): 0.01,
        ("training_figure", ("epoch",)): 4, ("training_figure", ("samples",)): 100}
