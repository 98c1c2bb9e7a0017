"""A run is stopped by a signal to a process that holds the name of its node, and to no other."""

import subprocess
import sys
import textwrap

import pytest

from dnne_ros.errors import DnneError
from dnne_ros.node_api.health import Level
from dnne_ros.runtime.coordination.name_claims import NameClaims, holds_name
from dnne_ros.top.state import Entry, GraphState
from dnne_ros.web.feed.stopping import stop_graph

DOMAIN = 7


@pytest.fixture
def process(repository):
    """Start a process that has the name /stopped/a."""
    code = textwrap.dedent(f"""
        import signal
        from dnne_ros.runtime.coordination.name_claims import NameClaims
        claims = NameClaims(["/stopped/a"], {DOMAIN})
        print("ready", flush=True)
        signal.pause()
    """)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE,
                          cwd=repository) as started:
        assert started.stdout.readline() == b"ready\n"
        yield started
        started.kill()


def graph(node, pid):
    made = GraphState("/stopped")
    made.nodes[node] = Entry(Level.OK, "ok", {"pid": pid}, 0.0)
    return made


def test_only_the_holder_of_the_name_is_sent_a_signal(process):
    assert holds_name(process.pid, "/stopped/a", DOMAIN)
    for node, pid, domain in (("b", process.pid, DOMAIN), ("a", process.pid, DOMAIN + 1),
                              ("a", 1, DOMAIN), ("a", 2**22 + 5, DOMAIN), ("a", "x", DOMAIN),
                              ("a", -process.pid, DOMAIN)):
        with pytest.raises(DnneError, match="/stopped cannot be stopped from here"):
            stop_graph(graph(node, pid), domain)
    assert process.poll() is None
    stop_graph(graph("a", process.pid), DOMAIN)
    assert process.wait() == -15


def test_our_own_names_are_ours():
    import os

    claims = NameClaims(["/mine/x"], DOMAIN)
    assert holds_name(os.getpid(), "/mine/x", DOMAIN)
    claims.close()
    assert not holds_name(os.getpid(), "/mine/x", DOMAIN)
