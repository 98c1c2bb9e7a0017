"""Seeds of nodes."""

import hashlib

from hypothesis import given, strategies as st

from dnne_ros.node_api.seeding import node_seed


def test_is_the_same_everywhere():
    digest = hashlib.blake2b(b"42/ppo_agent", digest_size=8).digest()
    assert node_seed(42, "ppo_agent") == int.from_bytes(digest, "little") // 2
    assert node_seed(0, "1") == 7359998640416684799


@given(st.integers(0, 2**63), st.text(max_size=20))
def test_fits_a_generator(run_seed, node_id):
    assert 0 <= node_seed(run_seed, node_id) < 2**63


def test_nodes_and_runs_differ():
    seeds = {node_seed(run, node) for run in range(20) for node in ("1", "2", "11", "1/weights")}
    assert len(seeds) == 80
