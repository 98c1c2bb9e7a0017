"""Which port type a name of a workflow file means."""

import itertools

import pytest

from dnne_ros.node_api.port_types import (
    Action,
    AnyTensor,
    AnyValue,
    Boolean,
    ComputedTensor,
    Dataloader,
    Dataset,
    Dict,
    Float,
    GradientTensor,
    Image,
    Int,
    JointState,
    Layers,
    Model,
    NetworkHandle,
    Optimizer,
    PolicyOutput,
    PortType,
    PortTypes,
    Schema,
    SimHandle,
    String,
    Sync,
    Tensor,
)

NAMES = {
    "TENSOR": Tensor, "ANY_TENSOR": AnyTensor, "COMPUTED_TENSOR": ComputedTensor,
    "GRADIENT_TENSOR": GradientTensor,
    "ACTION": Action, "IMAGE": Image,
    "DICT": Dict, "PYDICT": Dict, "SCHEMA": Schema, "SCHEMA_PYDICT": Schema, "FLOAT": Float,
    "INT": Int, "BOOLEAN": Boolean, "STRING": String, "SYNC": Sync, "TRIGGER": Sync,
    "POLICY_OUTPUT": PolicyOutput, "POLICY": PolicyOutput, "MODEL": Model, "MODEL_OBJ": Model,
    "NETWORK_MODEL": NetworkHandle, "NETWORK_MODEL_OBJ": NetworkHandle, "LAYERS": Layers,
    "DATASET": Dataset, "DATASET_OBJ": Dataset, "DATALOADER": Dataloader,
    "DATALOADER_OBJ": Dataloader, "OPTIMIZER": Optimizer, "OPTIMIZER_OBJ": Optimizer,
    "SIM_HANDLE": SimHandle, "JOINT_STATE": JointState,
}


@pytest.mark.parametrize("name, expected", NAMES.items())
def test_every_name_alone_and_as_an_ending(name, expected):
    types = PortTypes()
    for prefix in ("", "*", "BATCH_", "A_B_", "TENSOR_", "A*", "_", "*_", "x_"):
        assert type(types.named(prefix + name)) is expected, prefix


@pytest.mark.parametrize("name, expected", [
    ("BATCH_IMAGE_TENSOR", Tensor), ("TRAIN_STEP_TRIGGER", Sync), ("STATS_PYDICT", Dict),
    ("ACCURACY_FLOAT", Float), ("IMAGE_MODEL", Model), ("MY_SCHEMA_PYDICT", Schema),
    ("OUTPUT_POLICY", PolicyOutput), ("*", AnyValue)])
def test_the_longest_ending_decides(name, expected):
    assert type(PortTypes().named(name)) is expected


@pytest.mark.parametrize("name", [
    "", "CONTEXT", "tensor", "TENSORS", "XTENSOR", "**", "A_*", "TENSOR_", "TENSOR*", "OBJ",
    "OUTPUT", "HANDLE", "POLICY OUTPUT", *(f"{a}{b}" for a, b in itertools.permutations(
        ("TENSOR", "MODEL", "SYNC"), 2))])
def test_names_that_mean_nothing(name):
    assert PortTypes().named(name) is None


class Scan(PortType):
    """A laser's distances."""

    name = "SCAN"
    aliases = ("LASER", "LASER_TENSOR")


def test_a_type_of_other_people_is_found_by_the_names_that_it_states():
    types = PortTypes()
    types.add(Scan)
    types.add(Scan)
    assert type(types.named("FRONT_SCAN")) is type(types.named("LASER")) is Scan
    assert type(types.named("FRONT_LASER_TENSOR")) is Scan
    assert type(types.named("FRONT_TENSOR")) is Tensor
    assert PortTypes().named("SCAN") is None


def test_a_subclass_does_not_inherit_names():
    class Wide(Scan):
        name = "WIDE"

    types = PortTypes((Wide, Scan))
    assert type(types.named("LASER")) is Scan and type(types.named("WIDE")) is Wide


@pytest.mark.parametrize("stated, expected", [
    ({"name": "TENSOR"}, "the name TENSOR is that of .*tensors.Tensor"),
    ({"name": "MINE", "aliases": ("POLICY",)}, "the name POLICY is that of .*PolicyOutput"),
    ({"name": "*"}, "'\\*' is no name"), ({"name": ""}, "'' is no name"),
    ({"name": "MINE", "__init__": lambda self, size: None}, "cannot be made without arguments"),
])
def test_what_cannot_be_added(stated, expected):
    types = PortTypes()
    with pytest.raises(ValueError, match=f"port type .*Mine: .*{expected}"):
        types.add(type("Mine", (PortType,), stated))
    assert types.named("MINE") is None
