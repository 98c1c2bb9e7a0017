"""Epochs: what each of them came to, and when there have been enough."""

from __future__ import annotations

import math
from typing import Any

from dnne_ros.node_api.health import Level
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Dict, Float, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.state import NodeState
from dnne_ros.node_api.widget import Widget

_REPORT_SECONDS = 0.5


class EpochTracker(Node):
    """Sum up every epoch, and end the run behind the last one.

    Behind each epoch the graph stands still until its checkpoint, if one is due, is written.
    With --inference, the run ends behind the first epoch: it is an evaluation.
    """

    category = "learning"
    announces_boundaries = True
    retired_widgets = (*Node.retired_widgets, "early_stop_patience")

    epoch_stats = Input(Dict(), "Of each batch, once it has been used.")
    loss = Input(Tensor("float32"), "Mean loss of the batch.", accepts_also=(Float(),),
                 aliases=("loss_value",))
    accuracy = Input(Float(), "Share of the batch that is right.", optional=True)
    training_summary = Output(Dict(), "Behind each epoch: its figures, and if it is the last.",
                              aliases=("training_stats", "control_metrics"))
    max_epochs = Widget(10, "Epochs until the run ends, those of its checkpoint included.",
                        minimum=1, maximum=2**31 - 1, live=True)

    def setup(self) -> None:
        """Start with nothing."""
        self._best: dict[str, float] | None = None
        self._epochs = 0
        self._clear()

    def _clear(self) -> None:
        self._samples = 0
        self._loss = 0.0
        self._right = 0.0
        self._started = self.context.steady.now()

    async def process(self) -> None:
        """Take one item of each input for each batch."""
        counts_right = self.context.is_linked("accuracy")
        next_report = self.context.steady.now() + _REPORT_SECONDS
        self._clear()
        while True:
            stats = await self.get_input("epoch_stats")
            loss = await self.get_input("loss")
            samples = stats["samples"]
            self._samples += samples
            self._loss += samples * (loss if isinstance(loss, float) else loss.item())
            if counts_right:
                self._right += samples * await self.get_input("accuracy")
            if stats["complete"]:
                await self._close(stats["epoch"], counts_right)
            elif self.context.steady.now() >= next_report:
                next_report = self.context.steady.now() + _REPORT_SECONDS
                self.context.report({"epoch": stats["epoch"], "max_epochs": self.max_epochs,
                                     "batch": stats["batch"], "batches": stats["batches"]})

    async def _close(self, epoch: int, counts_right: bool) -> None:
        """Tell what the epoch came to, and end the run or let the next one start."""
        figures = self._figures(epoch, counts_right)
        self._epochs = epoch
        inference = self.context.inference
        ends = "evaluated" if inference else "max_epochs" if epoch >= self.max_epochs else None
        summary = {**figures, "max_epochs": self.max_epochs, "best": self._best,
                   "finished": ends is not None}
        self.context.report({"completed_epoch": figures, "epoch": epoch,
                             "max_epochs": epoch if inference else self.max_epochs})
        metric = figures.get("accuracy", -figures["loss"])
        boundary = self.context.boundary(epoch, metric, ends=ends, loss=figures["loss"])
        if ends is not None:  # nobody goes on for it, and `reached` does not return
            await self.send_output(summary, "training_summary")
        await boundary.reached()
        await self.send_output(summary, "training_summary")
        self._clear()

    def _figures(self, epoch: int, counts_right: bool) -> dict[str, Any]:
        loss = self._loss / self._samples
        figures: dict[str, Any] = {"epoch": epoch, "loss": loss}
        if counts_right:
            figures["accuracy"] = self._right / self._samples
        figures["samples"] = self._samples
        figures["seconds"] = round(self.context.steady.now() - self._started, 4)
        if not math.isfinite(loss):
            self.context.health.level = Level.ERROR
            self.context.health.message = f"the loss of epoch {epoch} is {loss}"
            self.context.log.warning(f"{self.context.health.message}: try a lower learning rate")
        elif self._best is None or loss < self._best["loss"]:
            self._best = {"epoch": epoch, "loss": loss}
        return figures

    async def save_state(self, aligned: bool) -> NodeState | None:
        """Save the best epoch so far, and how many there were."""
        return NodeState(values={"best": self._best, "epochs": self._epochs})

    def load_state(self, state: NodeState) -> None:
        """Go on from the saved epochs; ValueError if there are none left to train."""
        if self.context.inference:
            return
        self._best, self._epochs = state.values["best"], state.values["epochs"]
        if self._epochs >= self.max_epochs:
            raise ValueError(f"it has {self._epochs} epochs behind it: expected max_epochs above "
                             f"that, found {self.max_epochs}")
