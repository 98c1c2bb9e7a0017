"""What Fast DDS makes of the signed files: a graph's own ends meet, and nothing else does."""

import json
import shutil
from collections import Counter

import pytest
from security_probe import End, permitted

SPACE = "calling"
ASKER, SPEAKER, HEARER = "service_client_2", "ros_publisher_4", "ros_subscriber_5"
PROCESSES = {"data_streamer_1", ASKER, "service_server_3", SPEAKER, HEARER}
SPOKEN = "rt/spoken"
FOREIGN = "rt/foreign"

pytestmark = pytest.mark.slow
pytest.importorskip("cryptography", reason="cryptography is not installed")


@pytest.fixture(scope="module")
def keystores(probe_program, start_command, tmp_path_factory):
    """Return the enclaves of a graph whose processes talk in every way, twice.

    The second time they are of another authority.
    """
    folder = tmp_path_factory.mktemp("secured")
    (folder / "rows.csv").write_text("w\n1\n")
    service = {"service": "/ask", "service_type": "sensor_msgs/srv/SetCameraInfo"}
    numbers = {"topic": "/spoken", "message_type": "std_msgs/msg/Float64MultiArray",
               "field": "data"}
    (folder / "calling.json").write_text(json.dumps({
        "1": {"class_type": "DataStreamer", "inputs": {"src_path": str(folder / "rows.csv")}},
        "2": {"class_type": "ServiceClient", "inputs": {
            "request": ["1", 0], "field": "camera_info.width", **service}},
        "3": {"class_type": "ServiceServer", "inputs": {
            "answer": ["5", 0], "field": "success", **service}},
        "4": {"class_type": "RosPublisher", "inputs": {"value": ["2", 2], **numbers}},
        "5": {"class_type": "RosSubscriber", "inputs": numbers}}))
    for name in ("ours", "theirs"):
        done = start_command("dnne_ros", "security", "calling.json", "--place", "split", "--keys",
                             "-o", name, folder=folder)
        assert done.wait() == 0, done.output
    return folder / "ours/keystore/enclaves" / SPACE, folder / "theirs/keystore/enclaves" / SPACE


@pytest.fixture(scope="module")
def together(start_probe, keystores):
    """Return the probe as all processes of the graph, with all that they may."""
    ours, _ = keystores
    return start_probe(*((name, ours / name, permitted(ours / name)) for name in PROCESSES))


@pytest.fixture(scope="module")
def intruders(start_probe, keystores, tmp_path_factory):
    """Return the probe as who speaks and who hears, and as others who would like to.

    The first two have met by then.
    """
    ours, theirs = keystores

    def mixed(name, **files):
        """Return a copy of the speaker's enclave with some files of other folders."""
        folder = tmp_path_factory.mktemp(name) / "enclave"
        shutil.copytree(ours / SPEAKER, folder)
        for each in files.values():
            shutil.copy(each, folder)
        return folder

    swapped = mixed("swapped", one=ours / HEARER / "permissions.p7s")
    edited = mixed("edited")
    text = (edited / "permissions.p7s").read_bytes()
    assert SPOKEN.encode() in text
    (edited / "permissions.p7s").write_bytes(text.replace(SPOKEN.encode(), FOREIGN.encode()))
    self_made = mixed("self_made", **{name: theirs / SPEAKER / f"{name}.{end}" for name, end in (
        ("permissions", "p7s"), ("governance", "p7s"), ("permissions_ca.cert", "pem"))})
    probe = start_probe(
        ("speaker", ours / SPEAKER, [f"pub:{SPOKEN}", f"sub:{SPOKEN}", f"pub:{FOREIGN}"]),
        ("hearer", ours / HEARER, [f"sub:{SPOKEN}", f"pub:{SPOKEN}", f"sub:{FOREIGN}"]),
        ("another", ours / ASKER, [f"pub:{SPOKEN}", f"sub:{SPOKEN}"]),
        ("swapped", swapped, [f"pub:{SPOKEN}"]),
        ("edited", edited, [f"pub:{FOREIGN}"]),
        ("self_made", self_made, [f"pub:{SPOKEN}"]),
        ("stranger", theirs / SPEAKER, [f"pub:{SPOKEN}"]),
        ("plain", None, [f"pub:{SPOKEN}"]))
    probe.until(lambda: End("hearer", "sub", SPOKEN) in probe.matches(), "the hearer")
    probe.until(lambda: {("hearer", name) for name in ("stranger", "plain")}
                <= set(probe.opinions()), "what the hearer makes of the others")
    probe.until(lambda: "self_made" in probe.doubted(), "what others make of permissions")
    return probe


def expected(ends, kind):
    """Return how many others each end matches, of topics in which ``kind`` is."""
    counts = Counter((end.way, end.topic) for end in ends)
    other = {"pub": "sub", "sub": "pub"}
    return {end: count for end in ends if kind(end.topic)
            and (count := counts[other[end.way], end.topic])}


def meet(probe, kind):
    """Wait until all ends of some topics have met; tell how many did."""
    wanted = expected(probe.made(), kind)
    probe.until(lambda: {end: count for end, count in probe.matches().items()
                         if kind(end.topic)} == wanted, f"{len(wanted)} ends that match")
    return len(wanted)


def test_every_process_may_do_all_that_it_does(together):
    assert not together.denied() and not together.refused()
    assert {end.actor for end in together.made()} == PROCESSES


def test_both_ends_of_each_topic_meet(together):
    assert meet(together, lambda topic: topic.startswith("rt/") and "/_" not in topic) == 2 * 4
    assert together.matches()[End(HEARER, "sub", SPOKEN)] == 1


def test_both_ends_of_each_hidden_channel_meet(together):
    assert meet(together, lambda topic: "/_link/" in topic or "/_credit/" in topic) == 4 * 3
    assert meet(together, lambda topic: topic in (f"rt/{SPACE}/_run", f"rt/{SPACE}/_alive")) \
        == 2 * 2 * len(PROCESSES)


def test_who_calls_a_service_meets_who_offers_it(together):
    assert meet(together, lambda topic: topic in ("rq/askRequest", "rr/askReply")) == 4


def test_a_foreign_topic_is_denied(intruders):
    assert {End("speaker", "pub", FOREIGN), End("hearer", "sub", FOREIGN)} <= set(
        intruders.denied())


def test_the_other_direction_is_denied(intruders):
    assert {End("speaker", "sub", SPOKEN), End("hearer", "pub", SPOKEN)} <= set(
        intruders.denied())


def test_another_process_of_the_graph_is_denied(intruders):
    assert {End("another", "pub", SPOKEN), End("another", "sub", SPOKEN)} <= set(
        intruders.denied())


def test_an_enclave_of_another_authority_is_not_trusted(intruders):
    assert End("stranger", "pub", SPOKEN) in intruders.made()  # its own papers allow it
    assert intruders.opinions()["hearer", "stranger"] is False
    assert intruders.matches()[End("hearer", "sub", SPOKEN)] == 1


def test_a_participant_without_keys_is_not_trusted(intruders):
    assert End("plain", "pub", SPOKEN) in intruders.made()
    assert intruders.opinions()["hearer", "plain"] is False
    assert intruders.matches()[End("hearer", "sub", SPOKEN)] == 1


def test_permissions_of_another_enclave_do_not_let_in(intruders):
    assert "swapped" in intruders.refused()


def test_permissions_that_were_edited_do_not_let_in(intruders):
    assert "edited" in intruders.refused()


def test_permissions_that_another_authority_signed_are_not_trusted(intruders):
    assert End("self_made", "pub", SPOKEN) in intruders.made()
    assert "self_made" in intruders.doubted()
    assert ("hearer", "self_made") not in intruders.opinions()
    assert intruders.matches()[End("hearer", "sub", SPOKEN)] == 1
