"""A policy as LEAPP 1.3 describes it, whoever made it: its models, their tensors, and the flow.

The format is that of https://pypi.org/project/leapp: a YAML file, with ONNX files beside it.
Keys that are not known are left alone.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, TypeGuard

from dnne_ros import strict_yaml
from dnne_ros.durable_files import read_file
from dnne_ros.errors import InputError

VERSION = "1.3"
_MOST_NUMBERS = 2**26
"""Of a tensor."""
DTYPES = ("float32", "float64", "float16", "int8", "int16", "int32", "int64", "uint8", "uint16",
          "uint32", "uint64", "bool")
"""Element types that both ONNX and numpy have."""


@dataclass(frozen=True)
class LeappTensor:
    """A tensor that a model takes or gives, of a fixed ``shape``.

    ``kind`` is LEAPP's word for what it is (``state/joint/position``), "" if that is not said;
    ``elements`` are the names along its last axis, () if they have none; ``units`` is one for all
    numbers, or one for each element, () if they are not said.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    kind: str = ""
    elements: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


@dataclass(frozen=True)
class LeappModel:
    """One network; ``content`` is its ONNX file, with the SHA-256 ``digest``."""

    path: Path
    content: bytes
    digest: str
    inputs: Mapping[str, LeappTensor]
    outputs: Mapping[str, LeappTensor]


@dataclass(frozen=True)
class LeappBundle:
    """Models in the order in which they run.

    Ends of the flow are written ``model/tensor``.  ``inputs`` and ``outputs`` are those of the
    whole; ``digest`` is the SHA-256 of the YAML file, which has those of the models;
    ``data_flow`` says for an input whose output it takes in the same step, and
    ``feedback`` whose in the step before.  ``initial`` is the file of what comes there first.
    """

    path: Path
    models: Mapping[str, LeappModel]
    inputs: Mapping[str, LeappTensor]
    outputs: Mapping[str, LeappTensor]
    data_flow: Mapping[str, str] = field(default_factory=dict)
    feedback: Mapping[str, str] = field(default_factory=dict)
    initial: Path | None = None
    rate_hz: float | None = None
    digest: str = ""

    @property
    def files(self) -> tuple[Path, ...]:
        """Return all files that it consists of, the YAML file first."""
        models = dict.fromkeys(model.path for model in self.models.values())
        return (self.path, *models, *([self.initial] if self.initial else []))


def read_leapp_bundle(path: Path) -> LeappBundle:
    """Read a YAML file, or the only one in a folder, and the models that it names.

    Raises `InputError` with all that is wrong.
    """
    if path.is_dir():
        found = sorted(path.glob("*.yaml"))
        if len(found) != 1:
            raise InputError(str(path), [f"expected a folder with one .yaml file, found "
                                         f"{', '.join(each.name for each in found) or 'none'}"])
        path = found[0]
    try:
        text = read_file(path)
        document = strict_yaml.loads(text)
    except OSError as error:
        raise InputError(str(path), [f"cannot read: {error.strerror}"]) from None
    except ValueError as error:
        raise InputError(str(path), [f"not YAML: {error}"]) from None
    return replace(_Reader(path).read(document), digest=hashlib.sha256(text).hexdigest())


class _Reader:
    """Reads one document; what is wrong is noted, and reading goes on."""

    def __init__(self, path: Path):
        self._path = path
        self._problems: dict[str, None] = {}

    def read(self, document: Any) -> LeappBundle:
        parts = ("models", "pipeline", "system information")
        if not isinstance(document, dict) or not all(
                isinstance(document.get(part), dict) for part in parts):
            raise InputError(str(self._path), [f"not a LEAPP bundle: expected {', '.join(parts)}"])
        version = document["system information"].get("leapp config version")
        if str(version) != VERSION:
            raise InputError(str(self._path), [f"expected leapp config version {VERSION}, found "
                                               f"{version!r:.40}"])
        models = {name: self._model(f"models.{name}", entry)
                  for name, entry in document["models"].items() if self._is_name(name, "models")}
        if not models:
            self._note("models: expected some, found none")
        pipeline = document["pipeline"]
        given = self._ends("inputs", pipeline, models)
        if not given:
            self._note("pipeline.inputs: expected some, by which it is known when to act")
        data_flow = self._flow("data_flow", pipeline, models)
        feedback = self._flow("feedback_flow", pipeline, models)
        self._check_feeding(models, given, data_flow, feedback)
        bundle = LeappBundle(
            self._path, {name: models[name] for name in self._order(models, data_flow)},
            given, self._ends("outputs", pipeline, models), data_flow, feedback,
            self._initial(pipeline), self._rate(pipeline))
        if self._problems:
            raise InputError(str(self._path), self._problems)
        return bundle

    def _note(self, problem: str) -> None:
        self._problems[problem] = None

    def _is_name(self, name: Any, place: str) -> TypeGuard[str]:
        if isinstance(name, str) and name and "/" not in name:
            return True
        self._note(f"{place}: expected a name without a slash, found {name!r:.60}")
        return False

    def _model(self, place: str, entry: Any) -> LeappModel:
        entry = entry if isinstance(entry, dict) else {}
        inputs, outputs = (self._tensors(f"{place}.{side}", entry.get(side))
                           for side in ("inputs", "outputs"))
        parameters = entry.get("parameters")
        place = f"{place}.parameters"
        if not isinstance(parameters, dict):
            self._note(f"{place}: expected an object, found {parameters!r:.60}")
            return LeappModel(self._path, b"", "", inputs, outputs)
        if parameters.get("backend") != "onnx":
            self._note(f"{place}.backend: expected onnx, found {parameters.get('backend')!r:.40}")
        path = self._file(f"{place}.model_path", parameters.get("model_path"))
        content, digest = b"", ""
        if path is not None:
            content = read_file(path)
            digest = hashlib.sha256(content).hexdigest()
            if parameters.get("sha256sum") != digest:
                self._note(f"{place}.sha256sum: {path.name} is not the file that was exported: "
                           f"expected {parameters.get('sha256sum')!r:.80}, found {digest}")
        return LeappModel(path or self._path, content, digest, inputs, outputs)

    def _file(self, place: str, name: Any) -> Path | None:
        """Return a file of the bundle, which lies beside the YAML file or below it."""
        if not isinstance(name, str) or not name or "\0" in name or Path(name).is_absolute() \
                or ".." in Path(name).parts:
            self._note(f"{place}: expected a file beside the bundle's, found {name!r:.80}")
            return None
        path = self._path.parent / name
        if not path.is_file():
            self._note(f"{place}: there is no file {path}")
            return None
        return path

    def _tensors(self, place: str, entries: Any) -> dict[str, LeappTensor]:
        found: dict[str, LeappTensor] = {}
        if not isinstance(entries, list):
            self._note(f"{place}: expected a list of tensors, found {entries!r:.60}")
            return found
        for number, entry in enumerate(entries):
            here = f"{place}[{number}]"
            name = entry.get("name") if isinstance(entry, dict) else None
            if self._is_name(name, f"{here}.name"):
                if name in found:
                    self._note(f"{here}: two tensors have the name {name!r}")
                found[name] = self._tensor(f"{here} {name}", entry)
        return found

    def _tensor(self, place: str, entry: Mapping[str, Any]) -> LeappTensor:
        dtype, shape, kind = entry.get("dtype"), entry.get("shape"), entry.get("kind") or ""
        if dtype not in DTYPES:
            self._note(f"{place}: dtype: expected one of {', '.join(DTYPES)}, found "
                       f"{dtype!r:.40}")
        if not isinstance(shape, list) or not all(
                type(size) is int and 0 < size < 2**31 for size in shape):
            self._note(f"{place}: shape: expected a list of lengths, found {shape!r:.60}")
            shape = []
        if math.prod(shape) > _MOST_NUMBERS:
            self._note(f"{place}: shape: expected at most {_MOST_NUMBERS} numbers, found {shape}")
            shape = []
        if not isinstance(kind, str):
            self._note(f"{place}: kind: expected text, found {kind!r:.60}")
            kind = ""
        return LeappTensor(entry["name"], str(dtype), tuple(shape), kind,
                           self._elements(place, entry.get("element_names"), shape),
                           self._units(place, entry.get("units")))

    def _units(self, place: str, units: Any) -> tuple[str, ...]:
        units = [units] if isinstance(units, str) else units or []
        if not isinstance(units, list) or not all(isinstance(unit, str) for unit in units):
            self._note(f"{place}: units: expected one, or a list of them, found {units!r:.60}")
            return ()
        return tuple(units)

    def _elements(self, place: str, names: Any, shape: list[int]) -> tuple[str, ...]:
        """Return the names along the last axis, which may be the only one that has some."""
        if names is None:
            return ()
        last = names[-1] if isinstance(names, list) and names else None
        if last is None or not shape:
            return ()
        if not isinstance(last, list) or not all(isinstance(name, str) for name in last) \
                or len(set(last)) != len(last) or len(last) != shape[-1]:
            self._note(f"{place}: element_names: expected [[names]], {shape[-1]} of them, each "
                       f"once, found {names!r:.120}")
            return ()
        return tuple(last)

    def _ends(self, side: str, pipeline: Mapping[str, Any], models: Mapping[str, LeappModel]
              ) -> dict[str, LeappTensor]:
        entries = pipeline.get(side)
        if not isinstance(entries, dict):
            self._note(f"pipeline.{side}: expected names by model, found {entries!r:.60}")
            return {}
        found = {}
        for model, names in entries.items():
            for name in names if isinstance(names, list) else [names]:
                end = f"{model}/{name}"
                tensor = self._end(f"pipeline.{side}", end, side, models)
                if end in found:
                    self._note(f"pipeline.{side}: {end} is there twice")
                if tensor is not None:
                    found[end] = tensor
        return found

    def _end(self, place: str, end: Any, side: str, models: Mapping[str, LeappModel]
             ) -> LeappTensor | None:
        name, _, tensor = end.partition("/") if isinstance(end, str) else ("", "", "")
        found: LeappTensor | None = getattr(models.get(name), side, {}).get(tensor)
        if found is None:
            self._note(f"{place}: no model has an {side[:-1]} {end!r:.80}")
        return found

    def _flow(self, name: str, pipeline: Mapping[str, Any], models: Mapping[str, LeappModel]
              ) -> dict[str, str]:
        """Return sources by target."""
        flow = pipeline.get(name) or {}
        place = f"pipeline.{name}"
        if not isinstance(flow, dict) or not all(isinstance(ends, list) for ends in flow.values()):
            self._note(f"{place}: expected lists of inputs by output, found {flow!r:.80}")
            return {}
        found = {}
        for source, targets in flow.items():
            given = self._end(place, source, "outputs", models)
            for target in targets:
                taken = self._end(place, target, "inputs", models)
                if given is None or taken is None:
                    continue
                if (given.dtype, given.shape) != (taken.dtype, taken.shape):
                    self._note(f"{place}: {source} is {given.dtype} {list(given.shape)}, and "
                               f"{target} {taken.dtype} {list(taken.shape)}")
                if target in found:
                    self._note(f"{place}: {target} is fed twice")
                found[target] = source
        return found

    def _check_feeding(self, models: Mapping[str, LeappModel], given: Mapping[str, LeappTensor],
                       *flows: Mapping[str, str]) -> None:
        """Note each input of a model to which nothing comes, or more than one thing."""
        for model, entry in models.items():
            for name in entry.inputs:
                end = f"{model}/{name}"
                count = (end in given) + sum(end in flow for flow in flows)
                if count != 1:
                    self._note(f"pipeline: expected one source for the input {end}, found "
                               f"{count or 'none'}")

    def _order(self, models: Mapping[str, LeappModel], data_flow: Mapping[str, str]
               ) -> Iterator[str]:
        sorter = TopologicalSorter({name: [] for name in models})
        for target, source in data_flow.items():
            sorter.add(target.partition("/")[0], source.partition("/")[0])
        try:
            yield from sorter.static_order()
        except CycleError as error:
            self._note("pipeline.data_flow: a loop of models, which only feedback_flow may be: "
                       f"{' → '.join(error.args[1])}")

    def _initial(self, pipeline: Mapping[str, Any]) -> Path | None:
        name = pipeline.get("initial_values")
        return None if name is None else self._file("pipeline.initial_values", name)

    def _rate(self, pipeline: Mapping[str, Any]) -> float | None:
        configs = pipeline.get("configs")
        rate = configs.get("frequency") if isinstance(configs, dict) else None
        if rate is None or (type(rate) in (int, float) and 0 < rate < math.inf):
            return None if rate is None else float(rate)
        self._note(f"pipeline.configs.frequency: expected a rate in Hz, found {rate!r:.40}")
        return None
