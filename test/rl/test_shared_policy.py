"""A policy that a trainer in another process changes."""

import asyncio

import torch

from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.policy_spec import PolicySpec
from dnne_ros.rl.shared_policy import PolicySnapshot, SharedPolicy


def test_what_a_trainer_has_said_before_changes_nothing(run_async):
    """Neither do weights go back, nor is an agent held again that was let go."""
    owned = SharedPolicy(ActorCritic(PolicySpec(4, 1)))
    replica = SharedPolicy.from_bytes(owned.to_bytes())
    said = []
    replica.on_change(lambda snapshot: said.append(snapshot.to_bytes()))
    replica.announce(1)
    with torch.no_grad():
        replica.policy.log_std.add_(1.0)
    replica.commit(hold=True)
    replica.release()
    for data in (*said, *said[:-1]):
        owned.apply(PolicySnapshot.from_bytes(data))

    async def may_act():
        turn = asyncio.ensure_future(owned.ready_for(1))
        await asyncio.sleep(0)
        return turn.done() or not turn.cancel()

    assert run_async(may_act()) and owned.version == 1
    assert torch.equal(owned.policy.log_std, replica.policy.log_std)
