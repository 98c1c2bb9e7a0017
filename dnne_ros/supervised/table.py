"""Tables of numbers in CSV files."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dnne_ros.durable_files import read_file
from dnne_ros.errors import InputError

_MOST_PROBLEMS = 5


@dataclass(frozen=True)
class Table:
    """Numbers by row and column, and what their columns are called, if the file says so."""

    rows: np.ndarray
    """float32 (row, column), at least one of each."""
    columns: tuple[str, ...] | None


def read_table(path: Path, delimiter: str, has_header: bool) -> Table:
    """Return the numbers of a CSV file; empty lines do not count.

    `InputError` names the file, and the line and column of what is no finite number, of rows that
    are longer or shorter than the first, and of a file without rows.
    """
    try:
        text = io.StringIO(read_file(path).decode("utf-8-sig"), newline="")
        reader = csv.reader(text, delimiter=delimiter)
        lines = [(reader.line_num, cells) for cells in reader if cells]
    except OSError as error:
        raise InputError(str(path), [f"cannot read: {error.strerror}"]) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(str(path), [f"expected text in UTF-8 with comma-separated values: "
                                     f"{error}"]) from None
    columns = tuple(cell.strip() for cell in lines.pop(0)[1]) if has_header and lines else None
    if not lines:
        raise InputError(str(path), ["expected at least one row of numbers, found none"])
    return Table(_numbers(path, lines, columns), columns)


def _numbers(path: Path, lines: list[tuple[int, list[str]]], columns: tuple[str, ...] | None
             ) -> np.ndarray:
    width = len(lines[0][1] if columns is None else columns)
    rows = np.empty((len(lines), width), np.float32)
    problems: list[str] = []
    for row, (line, cells) in zip(rows, lines, strict=True):
        if len(cells) != width:
            problems.append(f"line {line}: expected {width} columns as in the first line, found "
                            f"{len(cells)}")
        else:
            for column, cell in enumerate(cells):
                row[column] = _number(cell)
                if not math.isfinite(row[column]):
                    problems.append(f"line {line}, column {column + 1}: expected a finite "
                                    f"number, found {cell!r:.40}")
        if len(problems) >= _MOST_PROBLEMS:
            break
    if problems:
        raise InputError(str(path), problems[:_MOST_PROBLEMS])
    return rows


def _number(cell: str) -> float:
    """Return a cell's number; NaN if it holds none that float32 has."""
    try:
        value = float(cell)
    except ValueError:
        return math.nan
    return value if abs(value) <= float(np.finfo(np.float32).max) else math.nan


def read_notes(path: Path) -> dict[str, Any]:
    """Return what is written about a table in ``<its name>_metadata.json``; {} if nothing is."""
    notes = path.with_name(f"{path.stem}_metadata.json")
    try:
        found = json.loads(read_file(notes))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InputError(str(notes), [f"cannot read: {error.strerror}"]) from None
    except (ValueError, RecursionError) as error:
        raise InputError(str(notes), [f"expected JSON: {error}"]) from None
    if not isinstance(found, dict):
        raise InputError(str(notes), [f"expected a JSON object, found {found!r:.40}"])
    return found
