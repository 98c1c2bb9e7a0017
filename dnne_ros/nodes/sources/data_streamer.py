"""Rows of a file as a stream."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dnne_ros.errors import InputError
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Dict, Sync, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.state import NodeState
from dnne_ros.node_api.widget import Widget
from dnne_ros.toolkit.breath import Breath
from dnne_ros.toolkit.rate import Rate
from dnne_ros.toolkit.side_by_side import side_by_side


class DataStreamer(Node):
    """Give the rows of a CSV file, one after the other.

    They go out as fast as they are taken, at a rate, or one for each ``sync``.  Behind the last
    one comes the first again (``loop_data``), or nothing, or the last again and again.  With a
    ``reset`` the next row is the first, also behind the end.
    """

    category = "data"
    retired_widgets = (*Node.retired_widgets, "dest_dir")

    sync = Input(Sync(), "The next row may go, with sync_mode external.", optional=True)
    reset = Input(Sync(), "Begin again with the first row.", optional=True)
    data = Output(Tensor("float32", ("row", "column")), "A row: (1, column).", starts_loop=True)
    done = Output(Sync(), "The last row has gone, with eof_mode pulse_done.")
    metadata = Output(Dict(), "Once, at the start: file_path, total_rows, num_columns, sync_mode, "
                      "frequency_hz, column_names, and what <file>_metadata.json says.")
    src_path = Widget("./data/trajectory.csv", "The file: numbers, in UTF-8.")
    sync_mode = Widget("none", "As fast as they are taken, one for each sync, or at a rate.",
                       choices=("none", "external", "timed"))
    frequency_hz = Widget(100.0, "Rows in a second, with sync_mode timed.", minimum=0.001,
                          maximum=10_000.0, unit="Hz", live=True)
    auto_first_row = Widget(True, "Give the first row without a sync, at the start and behind a "
                            "reset; a loop through sync starts by that.")
    loop_data = Widget(False, "Begin again behind the last row.")
    eof_mode = Widget("stop", "Behind the last row: nothing, a pulse on done, or that row again.",
                      choices=("stop", "pulse_done", "hold_last"))
    delimiter = Widget(",", "Between two numbers: one character, or \\t.")
    skip_header = Widget(True, "The first line names the columns.")

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check the path and the delimiter."""
        problems = []
        if not values["src_path"].strip():
            problems.append("src_path: expected a file's path, found an empty text")
        delimiter = _delimiter(values["delimiter"])
        if len(delimiter) != 1 or delimiter in '\r\n"' or delimiter.isalnum():
            problems.append("delimiter: expected one character, no letter, digit, quotation mark "
                            f"or line break, or \\t; found {values['delimiter']!r:.20}")
        return problems

    def setup(self) -> None:
        """Read the file; `InputError` names what is wrong with it."""
        import torch

        from dnne_ros.supervised.table import read_notes, read_table

        if self.sync_mode == "external" and not self.context.is_linked("sync"):
            raise InputError("sync", ["nothing is linked to it; expected a trigger for each row, "
                                      "or another sync_mode than external"])
        path = Path(self.src_path)
        table = read_table(path, _delimiter(self.delimiter), self.skip_header)
        self._rows = torch.from_numpy(table.rows)
        self._metadata = {
            **read_notes(path), "file_path": self.src_path, "total_rows": len(table.rows),
            "num_columns": table.rows.shape[1], "sync_mode": self.sync_mode,
            "frequency_hz": self.frequency_hz if self.sync_mode == "timed" else None,
            "column_names": None if table.columns is None else list(table.columns)}
        self._next = 0
        """The row that goes next; behind the last one there is none."""
        self._restarted = asyncio.Event()

    async def process(self) -> None:
        """Give the rows, and begin again when told to."""
        await self.send_output(self._metadata, "metadata")
        parts = [self._stream()]
        if self.context.is_linked("reset"):
            parts.append(self._follow_resets())
        if self.context.is_linked("sync") and self.sync_mode != "external":
            parts.append(self._ignore_syncs())
        await side_by_side(*parts)

    async def _stream(self) -> None:
        if self.sync_mode == "external":
            await self._follow_syncs()
        pace = Rate(lambda: 1.0 / self.frequency_hz, self.context.clock)
        breath = Breath()
        while self._has_next() or self.context.is_linked("reset"):
            if not self._has_next():
                self._restarted.clear()
                await self._restarted.wait()
            if self.sync_mode == "timed":
                await pace.wait()
            await self._give_row()
            await breath.after_item()

    async def _follow_syncs(self) -> None:
        if self.auto_first_row:
            await self._give_row()
        while True:
            await self.get_input("sync")
            await self._give_row()

    async def _ignore_syncs(self) -> None:
        while True:  # whoever sends them must not wait for a reader
            await self.get_input("sync")

    async def _follow_resets(self) -> None:
        while True:
            await self.get_input("reset")
            self._next = 0
            self._restarted.set()
            if self.sync_mode == "external" and self.auto_first_row:
                await self._give_row()

    def _has_next(self) -> bool:
        return self._next < len(self._rows)

    async def _give_row(self) -> None:
        """Send the next row, if there is one."""
        if not self._has_next():
            return
        row, last = self._next, len(self._rows) - 1
        if row < last:
            self._next += 1
        elif self.loop_data:
            self._next = 0
        elif self.eof_mode != "hold_last":
            self._next = len(self._rows)
        await self.send_output(self._rows[row:row + 1], "data")
        if row == last and self.eof_mode == "pulse_done" and not self.loop_data:
            await self.send_output(None, "done")

    async def save_state(self, aligned: bool) -> NodeState | None:
        """Save which row is next."""
        return NodeState(values={"next_row": self._next})

    def load_state(self, state: NodeState) -> None:
        """Go on with that row; ValueError if the file has fewer."""
        if not 0 <= state.values["next_row"] <= len(self._rows):
            raise ValueError(f"expected a file of at least {state.values['next_row']} rows, found "
                             f"{len(self._rows)}")
        self._next = state.values["next_row"]


def _delimiter(text: str) -> str:
    return "\t" if text == "\\t" else text
