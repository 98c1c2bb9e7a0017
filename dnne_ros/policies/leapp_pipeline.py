"""Runs a LEAPP bundle: its models one after the other, and what they carry from step to step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from safetensors.numpy import load

from dnne_ros.durable_files import read_file
from dnne_ros.errors import InputError, Problems
from dnne_ros.policies.leapp_bundle import LeappBundle, LeappTensor
from dnne_ros.policies.sessions import open_session
from dnne_ros.policies.stepped_policy import run_model

_ELEMENT_TYPES = {"float": "float32", "double": "float64"}
"""Where onnxruntime has other names than numpy."""


class LeappPipeline:
    """The models of a bundle in onnxruntime, and their feedback buffers.

    A step of it is a function of its inputs and of the buffers.  What callers hand in or get is
    theirs: a `reset` makes new buffers.
    """

    def __init__(self, bundle: LeappBundle, runtime: str = "cpu", *, strict: bool = False,
                 warn: Callable[[str], object] = lambda _: None):
        """Load the models; `InputError` for those that are not what the bundle says.

        ``runtime``, ``strict`` and ``warn`` are those of `open_session`; what TensorRT compiles
        goes into a folder beside the bundle's file.
        """
        self._bundle = bundle
        self.runtime = runtime
        """The slowest that a model runs on."""
        self._open = partial(open_session, strict=strict, warn=warn, engines=bundle.path.with_name(
            f"{bundle.path.name}.engines"))
        self._problems = Problems(str(bundle.path))
        self._sessions = {name: self._session(name) for name in bundle.models}
        self._first = self._initial_values()
        self._problems.raise_if_any()
        self.buffers: dict[str, np.ndarray] = {}
        """What comes to the inputs of the feedback flow in the next step, by ``model/input``."""
        self.reset()

    def reset(self) -> None:
        """Begin anew, with the bundle's initial values, or zeros."""
        self.buffers = {end: value.copy() for end, value in self._first.items()}

    def restore(self, buffers: Mapping[str, np.ndarray]) -> None:
        """Go on with `buffers` of before; ValueError for others."""
        expected = {end: (value.dtype, value.shape) for end, value in self._first.items()}
        found = {end: (value.dtype, value.shape) for end, value in buffers.items()}
        if found != expected:
            raise ValueError(f"expected buffers {', '.join(expected) or 'none'}, found "
                             f"{', '.join(found) or 'others'}, or other shapes of them")
        self.buffers = {end: value.copy() for end, value in buffers.items()}

    def step(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the bundle's outputs for one step, by ``model/output``.

        ``inputs``: each input of the bundle, of its element type and shape.  Raises ValueError
        for any other ones and for a model that cannot be run, FloatingPointError for outputs or
        buffers that are not finite; the buffers are then as they were.
        """
        self._check(inputs)
        given: dict[str, np.ndarray] = {}
        for name, model in self._bundle.models.items():
            taken = {}
            for tensor in model.inputs:
                end = f"{name}/{tensor}"
                source = self._bundle.data_flow.get(end)
                taken[tensor] = given[source] if source is not None else (
                    inputs[end] if end in inputs else self.buffers[end])
            outputs = run_model(self._sessions[name].run, list(model.outputs), taken)
            given.update((f"{name}/{tensor}", np.asarray(value))
                         for tensor, value in zip(model.outputs, outputs, strict=True))
        kept = {end: given[source] for end, source in self._bundle.feedback.items()}
        found = {end: given[end] for end in self._bundle.outputs}
        wrong = [end for end, value in {**kept, **found}.items() if not np.isfinite(value).all()]
        if wrong:
            raise FloatingPointError(f"{', '.join(wrong)}: numbers that are not finite")
        self.buffers = {end: value.copy() for end, value in kept.items()}
        return found

    def _check(self, inputs: Mapping[str, np.ndarray]) -> None:
        expected = self._bundle.inputs
        if inputs.keys() != expected.keys():
            raise ValueError(f"expected the inputs {', '.join(expected)}, found "
                             f"{', '.join(inputs) or 'none'}")
        for end, tensor in expected.items():
            if misfit := _misfit(tensor, inputs[end]):
                raise ValueError(f"{end}: {misfit}")

    def _session(self, name: str) -> Any:
        model = self._bundle.models[name]
        try:
            session, found = self._open(model.content, self.runtime)
        except InputError as error:
            for said in error.problems:
                self._problems.add(f"{model.path.name}: {said}")
            return None
        self.runtime = found
        for side, stated, found in (("inputs", model.inputs, session.get_inputs()),
                                    ("outputs", model.outputs, session.get_outputs())):
            for problem in _differences(side, stated, found):
                self._problems.add(f"{model.path.name}: {problem}")
        return session

    def _initial_values(self) -> dict[str, np.ndarray]:
        """Return what comes to the inputs of the feedback flow in the first step."""
        bundle = self._bundle
        tensors = {end: bundle.models[model].inputs[name] for end in bundle.feedback
                   for model, _, name in [end.partition("/")]}
        values = {end: np.zeros(tensor.shape, tensor.dtype) for end, tensor in tensors.items()}
        if bundle.initial is None:
            return values
        try:
            found = load(read_file(bundle.initial))
        except Exception as error:  # whatever a damaged file makes of the library
            raise InputError(str(bundle.initial), [f"no initial values: {error}"]) from None
        for end, value in found.items():
            misfit = "no input of the feedback flow" if end not in tensors else _misfit(
                tensors[end], value)
            if misfit:
                self._problems.add(f"{bundle.initial.name}: {end}: {misfit}")
            values[end] = value
        return values


def _differences(side: str, stated: Mapping[str, LeappTensor], found: Iterable[Any]
                 ) -> Iterator[str]:
    """Yield how the ``side`` of a session differs from what is stated of it."""
    there = {each.name: each for each in found}
    if there.keys() != stated.keys():
        yield (f"expected the {side} {', '.join(stated)}, found "
               f"{', '.join(sorted(there)) or 'none'}")
        return
    for name, tensor in stated.items():
        word = there[name].type.removeprefix("tensor(").removesuffix(")")
        dtype, shape = _ELEMENT_TYPES.get(word, word), there[name].shape
        fits = len(shape) == len(tensor.shape) and all(
            size == wanted or not isinstance(size, int)  # a name: any length will do
            for size, wanted in zip(shape, tensor.shape, strict=True))
        if dtype != tensor.dtype or not fits:
            yield (f"{name}: expected {tensor.dtype} {list(tensor.shape)}, found {dtype} "
                   f"{list(shape)}")


def _misfit(tensor: LeappTensor, value: np.ndarray) -> str:
    """Return how an array is another one than is described; "" if it is not."""
    if (str(value.dtype), value.shape) == (tensor.dtype, tensor.shape):
        return ""
    return (f"expected {tensor.dtype} {list(tensor.shape)}, found {value.dtype} "
            f"{list(value.shape)}")
