"""From a data set to batches: how they are drawn, and one at each trigger."""

from __future__ import annotations

from typing import Any

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Boolean, Dataloader, Dataset, Dict, Schema, Sync, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.state import NodeState
from dnne_ros.node_api.widget import Widget


class BatchSampler(Node):
    """Draw batches of a data set, in a new order each epoch.

    The last batch of an epoch may be smaller.  With --inference, the order stays that of the
    data set.
    """

    category = "data"

    dataset = Input(Dataset(), "Where the samples come from.")
    schema = Input(Schema(), "What the data set says of itself.")
    dataloader = Output(Dataloader(), "A torch data loader of (inputs, labels).")
    schema_out = Output(Schema(), "The schema, with batch_size and batches (in an epoch).",
                        name="schema")
    batch_size = Widget(32, "Samples in a batch.", minimum=1, maximum=2**31 - 1)
    shuffle = Widget(True, "Draw in random order.")
    seed = Widget(-1, "Of the random order; -1: it follows from the run's seed.", minimum=-1,
                  seed=True)

    def setup(self) -> None:
        """Seed the generator that decides the order."""
        import torch

        from dnne_ros.node_api.seeding import node_seed

        self._generator = torch.Generator()
        self._generator.manual_seed(
            node_seed(self.context.seed, self.context.node_id) if self.seed < 0 else self.seed)

    async def process(self) -> None:
        """Give the loader and the schema once."""
        from dnne_ros.supervised.loading import batch_loader

        dataset = await self.get_input("dataset")
        schema = await self.get_input("schema")
        loader = batch_loader(dataset, self.batch_size,
                              self.shuffle and not self.context.inference, self._generator)
        await self.send_output({**schema, "batch_size": self.batch_size,
                                "batches": len(loader)}, "schema")
        await self.send_output(loader, "dataloader")

    async def save_state(self, aligned: bool) -> NodeState | None:
        """Save the random state: at a boundary, what the next epoch is drawn with."""
        return NodeState(tensors={"generator": self._generator.get_state()})

    def load_state(self, state: NodeState) -> None:
        """Go on drawing where the saved run would have."""
        self._generator.set_state(state.tensors["generator"])


class GetBatch(Node):
    """Give a batch at each trigger, epoch after epoch.

    The statistics of a batch come when the trigger says that it has been used.  Behind an
    epoch's last batch, the node waits for the summary of whoever tracks the epochs, if anybody
    does: meanwhile nothing in the graph moves, which is when checkpoints are taken.
    """

    category = "data"

    dataloader = Input(Dataloader(), "Where batches come from.")
    schema = Input(Schema(), "What the data says of itself.")
    trigger = Input(Sync(), "The next batch may go.")
    summary = Input(Dict(), "Of the epoch that is over: the next one may start.", optional=True,
                    free_first_round=True, answered_by=("epoch_stats", "training_summary"))
    images = Output(Tensor("float32"), "Inputs of a batch: (sample, …).")
    labels = Output(Tensor("int64"), "What they are: (sample,).")
    epoch_complete = Output(Boolean(), "With the statistics: whether it was the epoch's last.")
    epoch_stats = Output(Dict(), "Of each batch: epoch, batch, batches, samples, complete.")
    schema_out = Output(Schema(), "What the data says of itself, passed on.", name="schema")

    def setup(self) -> None:
        """Count epochs from the start."""
        self._epochs = 0

    async def process(self) -> None:
        """Go through the data again and again."""
        loader = await self.get_input("dataloader")
        await self.send_output(await self.get_input("schema"), "schema")
        await self.get_input("trigger")
        is_tracked = self.context.is_linked("summary")
        while True:
            await self._run_epoch(loader)
            if is_tracked and (await self.get_input("summary"))["finished"]:
                return

    async def _run_epoch(self, loader: Any) -> None:
        epoch, batches = self._epochs + 1, len(loader)
        for batch, (images, labels) in enumerate(loader, 1):
            await self.send_output(images, "images")
            await self.send_output(labels, "labels")
            await self.get_input("trigger")
            complete = batch == batches
            self._epochs += complete
            await self.send_output(complete, "epoch_complete")
            await self.send_output(
                {"epoch": epoch, "batch": batch, "batches": batches, "samples": len(labels),
                 "complete": complete}, "epoch_stats")

    async def save_state(self, aligned: bool) -> NodeState | None:
        """Save how many epochs are over."""
        return NodeState(values={"epochs": self._epochs})

    def load_state(self, state: NodeState) -> None:
        """Go on counting; an evaluation has an epoch of its own."""
        if not self.context.inference:
            self._epochs = state.values["epochs"]
