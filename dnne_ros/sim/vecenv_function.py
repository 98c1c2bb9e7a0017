"""A function in the user's own file that makes environments: ``vecenv:my_envs:make``.

A graph is data and the file is code, so that it has to be one that the user has named
(``--nodes FILE.py``) or that lies in a folder that is trusted (``--trust FOLDER``).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dnne_ros.errors import InputError, describe
from dnne_ros.plugins.single_files import module_of_file
from dnne_ros.plugins.trusted_code import trusted_file

_NAME = "vecenv"


def check_file(task: str, backend: str) -> None:
    """Raise ValueError if a widget's task is of this back end and its file may not run.

    The file is not touched: what a graph brings along is refused before anything runs.
    """
    prefix, colon, rest = task.partition(":")
    if backend == _NAME or (colon and prefix == _NAME):
        try:
            _file_and_function(rest if colon and prefix == _NAME else task, "")
        except InputError as error:
            raise ValueError(str(error.problems[0])) from None


def _file_and_function(task: str, source: str) -> tuple[Path, str]:
    """Return the file and the name that ``file:function`` means; InputError if it may not run."""
    file, colon, name = task.rpartition(":")
    if not (colon and file and name.isidentifier()):
        raise InputError(source, ["expected vecenv:FILE:FUNCTION, such as vecenv:my_envs:make, "
                                  f"found vecenv:{task}"])
    try:
        return trusted_file(file if file.endswith(".py") else f"{file}.py"), name
    except ValueError as error:
        raise InputError(source, [str(error)]) from None


def find_function(task: str, source: str) -> Callable[..., Any]:
    """Return the function that ``file:function`` means; InputError if there is none."""
    path, name = _file_and_function(task, source)
    module = module_of_file(path)
    function: Callable[..., Any] | None = getattr(module, name, None)
    if not callable(function):
        found = "none" if function is None else type(function).__name__
        raise InputError(source, [f"{module.__file__}: expected a function {name}(num_envs), "
                                  f"found {found}"])
    return function


def call_function(function: Callable[..., Any], given: dict[str, Any], source: str) -> Any:
    """Call the function with what it takes of ``given``; InputError if it fails."""
    try:
        parameters = inspect.signature(function).parameters
        if "num_envs" not in parameters:
            raise InputError(source, [f"expected a function {function.__name__}(num_envs), and "
                                      "seed and device if it wants them, found one of "
                                      f"({', '.join(parameters)})"])
        return function(**{name: value for name, value in given.items() if name in parameters})
    except InputError:
        raise
    except Exception as error:
        raise InputError(source, [f"{function.__name__}() failed: {described(error)}"]) from error


def described(error: Exception) -> str:
    """Return what went wrong in code of the user's, and where, in a line."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = "" if trace is None else f" ({trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})"
    return " ".join(describe(error).split()) + place
