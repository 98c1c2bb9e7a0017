"""The arrays that EnvPool's threads take and give: what EnvPool's own `step` says of them."""

import warnings

import numpy as np
import pytest

envpool = pytest.importorskip("envpool", reason="needs EnvPool: pip install 'dnne_ros[envpool]'")
PoolArrays = pytest.importorskip("dnne_ros.sim.envpool_arrays").PoolArrays


def pool(task):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a precision
        return envpool.make(task, env_type="gymnasium", num_envs=3, num_threads=2, seed=4)


@pytest.mark.parametrize("task", [
    "Go1JoystickFlatTerrain-v1", "Ant-v5", "Hopper-v5", "CartPole-v1", "MetaWorld/Push-v3"])
def test_they_are_those_of_envpools_own_step(task):
    mine, its = pool(task), pool(task)
    arrays = PoolArrays(mine)
    begun, _ = its.reset()
    space = its.action_space
    space.seed(0)
    for step in range(60):
        if step == 0:
            stepped = arrays.started
            following = begun
        else:
            actions = np.stack([space.sample() for _ in range(3)])
            arrays.send(actions)
            stepped = arrays.receive()
            following, rewards, terminated, truncated, info = its.step(actions)
            assert stepped.rewards.tolist() == rewards.tolist()
            assert (stepped.done & ~stepped.truncated).tolist() == terminated.tolist()
            assert stepped.truncated.tolist() == truncated.tolist()
            assert stepped.elapsed.tolist() == info["elapsed_step"].tolist()
            floats = {name: value.tolist() for name, value in info.items()
                      if isinstance(value, np.ndarray) and value.dtype.kind == "f"
                      and value.shape == (3,)}
            assert floats == {name: value.tolist() for name, value in
                              zip(arrays.terms, stepped.terms, strict=True)}
        parts = following if isinstance(following, dict) else {"": following}
        assert {name: part.tolist() for name, part in parts.items()} == {
            name: part.tolist() for name, part in
            zip(arrays.parts, stepped.observations, strict=True)}


def test_some_begin_anew_while_the_others_stay():
    mine, its = pool("Hopper-v5"), pool("Hopper-v5")
    arrays = PoolArrays(mine)
    its.reset()
    arrays.reset(np.array([2, 0], np.int32))
    begun, _ = its.reset(np.array([2, 0], np.int32))
    assert arrays.receive().observations[0].tolist() == begun.tolist()
    arrays.send(np.zeros((3, 3)))
    assert arrays.receive().elapsed.tolist() == [1, 1, 1]


def test_what_was_received_is_not_written_again():
    arrays = PoolArrays(pool("Hopper-v5"))
    received, as_it_was = [], []
    for _ in range(40):
        arrays.send(np.ones((3, 3)))
        received.append(arrays.receive())
        as_it_was.append(received[-1].observations[0].copy())
    for stepped, before in zip(received, as_it_was, strict=True):
        assert np.array_equal(stepped.observations[0], before)
