"""The pickle of `VecNormalize`, read without the classes in it."""

import pickle
import sys
import types
from contextlib import suppress

import numpy as np
import pytest

from dnne_ros.policy_import.vec_normalize import read_vec_normalize


@pytest.fixture
def pickled(tmp_path, monkeypatch):
    """Write a `VecNormalize` of some attributes, whose class is gone when it is read."""
    def write(mean=(1.0, -2.0), var=(4.0, 0.25), protocol=4, **attributes):
        module = types.ModuleType("elsewhere")
        kinds = {name: type(name, (), {"__module__": "elsewhere", "__qualname__": name})
                 for name in ("VecNormalize", "RunningMeanStd")}
        vars(module).update(kinds)
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, "elsewhere", module)
            statistics = kinds["RunningMeanStd"]()
            vars(statistics).update(mean=np.array(mean), var=np.array(var), count=10.0)
            normalizer = kinds["VecNormalize"]()
            vars(normalizer).update({"norm_obs": True, "obs_rms": statistics, "epsilon": 0.0,
                                     "clip_obs": 10.0, "metadata": {"render_modes": []},
                                     **attributes})
            (tmp_path / "vecnormalize.pkl").write_bytes(pickle.dumps(normalizer, protocol))
        return tmp_path / "vecnormalize.pkl"
    return write


@pytest.mark.parametrize("protocol", range(3, pickle.HIGHEST_PROTOCOL + 1))
def test_means_and_deviations(pickled, protocol):
    found = read_vec_normalize(pickled(epsilon=5.0, protocol=protocol))
    assert found.mean.tolist() == [1.0, -2.0] and found.clip == 10.0
    assert found.deviation == pytest.approx(np.array([3.0, np.sqrt(5.25)]))
    assert found.mean.dtype == found.deviation.dtype == np.float64


def test_one_that_normalises_rewards_alone(pickled):
    assert read_vec_normalize(pickled(norm_obs=False)) is None


@pytest.mark.parametrize("changes, said", [
    ({"obs_rms": {"camera": 1}}, "of observations in a row"),
    ({"mean": [[1.0, 2.0]]}, r"found an array of f8 and shape \(1, 2\)"),
    ({"mean": [np.nan, 0.0]}, "found an array"),
    ({"var": [1.0]}, "as many variances"), ({"var": [-1.0, 1.0]}, "as many variances"),
    ({"clip_obs": None}, "of observations in a row")])
def test_what_is_no_such_normaliser(pickled, changes, said):
    with pytest.raises(ValueError, match=said):
        read_vec_normalize(pickled(**changes))


def test_every_byte_may_be_wrong(pickled, tmp_path):
    """None of it makes another error than ValueError, and nothing of it runs."""
    data = pickled().read_bytes()
    path = tmp_path / "damaged.pkl"
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes((data[place] ^ 0x55,)) + data[place + 1:])
        with suppress(ValueError):
            read_vec_normalize(path)
    path.write_bytes(data[:-20])
    with pytest.raises(ValueError, match="damaged data"):
        read_vec_normalize(path)


@pytest.mark.parametrize("call", [
    (eval, ("open(PATH, 'w')",)), (exec, ("open(PATH, 'w')",)),
    (getattr, (np, "load")), (np.load, ("PATH",)), (__import__, ("os",))])
def test_nothing_is_called(tmp_path, call):
    class Calls:
        def __reduce__(self):
            function, words = call
            return function, tuple(word.replace("PATH", repr(str(tmp_path / "opened")))
                                   if isinstance(word, str) else 0 for word in words)

    path = tmp_path / "vecnormalize.pkl"
    path.write_bytes(pickle.dumps(Calls()))
    with pytest.raises(ValueError, match="expected a VecNormalize"):
        read_vec_normalize(path)
    assert not (tmp_path / "opened").exists()
