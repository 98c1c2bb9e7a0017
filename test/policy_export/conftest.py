"""Checkpoints of policies."""

import pytest
from trained_policies import CONTRACT

from dnne_ros.checkpoints.checkpoint_store import CheckpointStore
from dnne_ros.node_api.state import NodeState


@pytest.fixture
def checkpoint(tmp_path):
    """Write a checkpoint with the policies of some nodes; returns its folder."""
    def write(policies, contract=CONTRACT, name="checkpoint"):
        store = CheckpointStore(tmp_path / name)
        store.prepare()
        files = {}
        for node, policy in policies.items():
            files |= store.write_node(1, node, NodeState(
                weights=dict(policy.state_dict()),
                values={"architecture": policy.spec.to_json()} if hasattr(policy, "spec") else {}))
        store.commit(1, dict.fromkeys(policies, "PPOAgentNode"), files, {}, contract)
        return tmp_path / name
    return write
