"""A function in a Python file as a node."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from dnne_ros.errors import InputError
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import AnyTensor, ComputedTensor, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget

_FUNCTION = "compute"


class CustomComputation(Node):
    """Apply the function ``compute(input)`` of a Python file to each tensor.

    What it returns is sent on; None: nothing is.  With a second parameter it is given what comes
    to ``extra_args`` too.  If the file defines ``set_config_info``, that is called with
    ``config`` first.  A tensor with a gradient keeps it.  The file is code: it runs only if you
    name it (``--nodes FILE.py``) or its folder (``--trust FOLDER``).
    """

    category = "custom"
    cannot_be_exported = ("the file that it runs is not part of a package; make the function a "
                          "node type of your own (docs/own_nodes.md)")

    input = Input(AnyTensor(), "What to compute with.")
    extra_args = Input(Tensor(), "The function's second argument.", optional=True)
    output = Output(ComputedTensor(), "What the function returns.")
    src_path = Widget("", "The Python file; its name is enough where --nodes or --trust says "
                      "where it is.", required=True)
    config = Widget("{}", "A dictionary for set_config_info, such as {\"scale\": 2.0}.")

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check that the file may run and defines the function."""
        problems = []
        try:
            read_config(values["config"])
        except ValueError as error:
            problems.append(f"widget 'config': {error}")
        if values["src_path"]:
            try:
                _check(values["src_path"])
            except ValueError as error:
                problems.append(f"widget 'src_path': {error}")
        return problems

    def setup(self) -> None:
        """Import the file for this node alone, and configure it."""
        try:
            module = _load(self.src_path)
            self._function = function_of(module)
        except ValueError as error:
            raise InputError("widget 'src_path'", [str(error)]) from None
        if hasattr(module, "set_config_info"):
            module.set_config_info(read_config(self.config))

    async def compute(self, input: Any, extra_args: Any) -> dict[str, Any]:
        """Apply the function; TypeError for what is no tensor."""
        result = self._function(input, extra_args)
        if result is None:
            return {}
        if not hasattr(result, "detach"):
            raise TypeError(f"{self.src_path}: expected compute() to return a tensor or None, "
                            f"found {type(result).__name__}")
        return {"output": result}


def read_config(text: str) -> dict[str, Any]:
    """Return a dictionary of Python's or JSON's constants; ValueError for anything else."""
    words = {"true": "True", "false": "False", "null": "None"}
    try:
        tree = ast.parse(text.strip() or "{}", mode="eval")
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id in words:
                node.id = words[node.id]
        found = ast.literal_eval(ast.unparse(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        found = None
    if not isinstance(found, dict):
        raise ValueError(f"expected a dictionary such as {{\"scale\": 2.0}}, found {text!r:.60}")
    return found


def function_of(module: ModuleType) -> Callable[[Any, Any], Any]:
    """Return a module's ``compute`` as a function of input and extra_args; ValueError if none.

    A function of one parameter is given the input alone.
    """
    function = getattr(module, _FUNCTION, None)
    if not callable(function):
        raise ValueError(f"{module.__file__}: expected a function compute(input), found none")
    try:
        parameters = inspect.signature(function)
        parameters.bind(None)
    except (TypeError, ValueError):
        raise ValueError(f"{module.__file__}: expected compute(input) or compute(input, "
                         "extra_args=None), found another function of that name") from None
    try:
        parameters.bind(None, None)
    except TypeError:
        return lambda input, extra_args: function(input)
    return lambda input, extra_args: function(input, extra_args)


def _check(name: str) -> None:
    """Raise ValueError unless ``name`` is a trusted file with such a function."""
    from dnne_ros.plugins.single_files import module_of_file
    from dnne_ros.plugins.trusted_code import trusted_file

    try:
        function_of(module_of_file(trusted_file(name)))
    except InputError as error:
        raise ValueError(str(error)) from None


def _load(name: str) -> ModuleType:
    """Return the module of a trusted file, for one node alone: it may keep what it is told.

    ValueError if there is none.
    """
    from dnne_ros.plugins.trusted_code import module_of_its_own, trusted_file

    if not name:
        raise ValueError("expected a Python file, found ''")
    return module_of_its_own(trusted_file(name))
