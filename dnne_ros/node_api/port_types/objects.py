"""Objects that live in one process: simulators, data sets, optimizers."""

from __future__ import annotations

from dnne_ros.node_api.port_types.base import PortType


class SimHandle(PortType):
    """A simulator: lives in one process."""

    name = "SIM_HANDLE"
    leaves_process = False
    held = True


class Dataset(PortType):
    """A data set object."""

    name = "DATASET"
    aliases = ("DATASET_OBJ",)
    leaves_process = False
    held = True


class Dataloader(PortType):
    """A data loader object."""

    name = "DATALOADER"
    aliases = ("DATALOADER_OBJ",)
    leaves_process = False
    held = True


class Optimizer(PortType):
    """An optimizer over parameters that live in the same process."""

    name = "OPTIMIZER"
    aliases = ("OPTIMIZER_OBJ",)
    leaves_process = False
    held = True
