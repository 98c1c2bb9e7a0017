"""Teacher and student as nodes: what goes in, what comes out, and what is refused."""

import pytest
import torch
from passed_boundary import PassedBoundary
from trained_policies import policy_of, write_checkpoint

from dnne_ros.errors import InputError
from dnne_ros.nodes.rl.distillation_trainer import DistillationTrainerNode
from dnne_ros.nodes.rl.teacher import TeacherPolicyNode
from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.policy_spec import PolicySpec
from dnne_ros.rl.shared_policy import SharedPolicy

LINKED = ["policy_output", "teacher_actions", "reward", "done", "model"]
STEPS = 3


def values_of(place, node=""):
    return {"checkpoint": str(place), "node": node}


def learn(drive, taught, updates=40, spec=PolicySpec(3, 2, (16,)), **options):
    """Drive a trainer through updates of `STEPS` steps; return node, context and policy."""
    shared = SharedPolicy(ActorCritic(spec, torch.Generator().manual_seed(0)))
    node = DistillationTrainerNode({"horizon_length": STEPS, "gradient_length": STEPS,
                                    "learning_rate": 0.02})

    async def script(context):
        context.boundary = lambda *_, **__: PassedBoundary()
        context.feed("model", shared)
        generator = torch.Generator().manual_seed(1)
        for step in range(updates * STEPS):
            seen = torch.randn(4, 3, generator=generator)
            context.feed("policy_output", shared.policy.act(seen, generator))
            context.feed("teacher_actions", taught(seen))
            context.feed("reward", torch.ones(4))
            context.feed("done", torch.tensor([step % 5 == 4] * 4))
            while len(context.outputs("training_complete")) <= step:
                await context.sends(len(context.sent) + 1)

    return node, drive(node, script, linked=LINKED, **options), shared.policy


def test_a_student_comes_near_to_its_teacher(drive):
    wanted = torch.tensor([[1.0, 0.0, -1.0], [0.5, 0.5, 0.0]])
    _, context, policy = learn(drive, lambda seen: seen @ wanted.T)
    losses = [metrics["loss"] for metrics in context.reported]
    assert len(losses) == 40 and losses[-1] < 0.1 * losses[0]
    seen = torch.randn(50, 3, generator=torch.Generator().manual_seed(9))
    assert (policy.likeliest(seen)[0] - seen @ wanted.T).square().mean() < 0.15
    assert context.reported[-1]["mean_return"] == 5.0
    assert context.reported[-1]["total_env_steps"] == 40 * STEPS * 4


def test_in_inference_it_only_counts(drive):
    before = ActorCritic(PolicySpec(3, 2, (16,)), torch.Generator().manual_seed(0))
    _, context, policy = learn(drive, lambda seen: seen[:, :2], inference=True)
    assert all(torch.equal(mine, its) for mine, its in zip(
        policy.parameters(), before.parameters()))
    assert context.reported[0]["env_steps"] == 4


def test_actions_of_another_size_are_refused(drive):
    with pytest.raises(InputError, match=r"input 'teacher_actions': expected actions \(4, 2\), "):
        learn(drive, lambda seen: seen)


def test_a_student_that_chooses_is_refused(drive):
    with pytest.raises(InputError, match="input 'model': expected a student with continuous"):
        learn(drive, lambda seen: seen[:, :2], spec=PolicySpec(3, 2, (4,), discrete=True))


@pytest.mark.parametrize("variant", ["both normalizers", "squashed", "picture"])
def test_a_teacher_says_what_its_policy_would_do(drive, tmp_path, variant):
    policy = policy_of(variant)
    node = TeacherPolicyNode(values_of(write_checkpoint(tmp_path, {"3": policy})))
    seen = torch.randn(4, 5, generator=torch.Generator().manual_seed(5))

    async def script(context):
        context.feed("observations", seen)
        await context.sends(1)

    [actions] = drive(node, script, linked=["observations"]).outputs("actions")
    assert torch.equal(actions, policy.act(
        seen, torch.Generator(), deterministic=True).actions)


@pytest.mark.parametrize("policies, node, problem", [
    ({"3": "gru"}, "", "expected a teacher without a memory, found one with memory=gru"),
    ({"3": "discrete"}, "", "expected a teacher with continuous actions, found choices"),
    ({"3": "plain", "8": "tanh"}, "", "several nodes have a policy in it: 3, 8; choose one"),
    ({"3": "plain"}, "9", "node '9' has no policy in it; those that have one: 3"),
    (None, "", "no checkpoint here")])
def test_what_is_no_teacher_is_said_before_the_run(tmp_path, policies, node, problem):
    if policies is not None:
        write_checkpoint(tmp_path, {id: policy_of(kind) for id, kind in policies.items()})
    [found] = TeacherPolicyNode.validate_parameters(values_of(tmp_path, node))
    assert found.startswith(f"widget 'checkpoint': {tmp_path}: ") and problem in found


def test_observations_that_the_teacher_did_not_see_are_refused(drive, tmp_path):
    node = TeacherPolicyNode(values_of(write_checkpoint(tmp_path, {"3": policy_of("plain")})))

    async def script(context):
        context.feed("observations", torch.zeros(2, 7))
        await context.sends(1)

    with pytest.raises(InputError, match="'observations': expected 5 numbers, as the teacher of"):
        drive(node, script, linked=["observations"])
