"""An operation that is short enough to be written into the function of a compiled region."""

from __future__ import annotations

import ast
import builtins
import copy
import inspect
import sys
import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dnne_ros.node_api.node import Node

_OF_THEIR_OWN = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
                 ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)
"""What has names of its own, or cannot stand in a plain function."""
_SHORT = 500
"""Bytes of a function that may do no more than return a dictionary."""
_GLOBALS = "__globals__"
_TOOLS = 6
"""That `sys.monitoring` has room for."""


class Inline:
    """What `Node.compute` does, as an expression for each output: ``Inline("number + addend")``.

    Its names are those of inputs, of widgets, whose values are live, of what is given as a
    keyword, and of Python's own functions; ``self`` is the node.  A region calls nothing for it.
    The text is a type's own code: a value belongs under a name and never into it.
    """

    def __init__(self, *expressions: str, **objects: Any):
        """Give the value of one of ``expressions`` for each output, in their order.

        ``objects`` are known to them by these names.  ValueError for what is no expression, or
        has names of its own, as a lambda has.
        """
        self.trees = tuple(map(_parsed, expressions))
        self.objects = objects
        self.names = frozenset(node.id for tree in self.trees for node in ast.walk(tree)
                               if isinstance(node, ast.Name))

    def bound(self, inputs: Iterable[str], widgets: Iterable[str], node: Node | None
              ) -> Mapping[str, Any]:
        """Return the objects of all names that are no ``inputs`` and no ``widgets`` of ``node``.

        ValueError for a name that nothing has.
        """
        known = {**vars(builtins), "self": node, **self.objects}
        wanted = sorted(self.names - {*inputs, *widgets})
        if unknown := [name for name in wanted if name not in known]:
            raise ValueError("Inline: expected the name of an input, of a widget or of what is "
                             f"given as a keyword, found {unknown[0]!r}")
        return {name: known[name] for name in wanted}

    def written(self, names: Mapping[str, str]) -> Sequence[str]:
        """Return the expressions as a source text that calls all by other ``names``."""
        return [ast.unparse(_Renaming(names).visit(copy.deepcopy(tree))) for tree in self.trees]


def inline_of(node_type: type[Node]) -> Inline | None:
    """Return a type's `Node.inline`; None: it has none, and its ``compute`` is not as short.

    A ``compute`` that does nothing but return a dictionary of all outputs, in their order, is.  It
    is read off its source, if that is still what was compiled.
    """
    if node_type.state_per is not None:  # its state comes with the call
        return None
    if node_type.inline is not None:
        return node_type.inline
    function = node_type.compute
    if not isinstance(function, FunctionType) or function.__closure__ or _is_looked_at():
        return None
    code = function.__code__
    takes = code.co_varnames[:code.co_argcount + code.co_kwonlyargcount]
    returned = _returned(function)
    if returned is None or takes[:1] != ("self",) or not {*takes[1:]} <= node_type.inputs.keys() \
            or [getattr(key, "value", None) for key in returned.keys] != list(node_type.outputs):
        return None
    others = _names_in(returned) - {*takes}
    known = {*function.__globals__, *vars(builtins)} - node_type.widgets.keys()
    if not others <= known or any(map(has_names_of_its_own, returned.values)):
        return None
    reading = _AsInlined(node_type.widgets, others & function.__globals__.keys())
    return Inline(*(ast.unparse(reading.visit(value)) for value in returned.values),
                  **{_GLOBALS: function.__globals__})


def has_names_of_its_own(tree: ast.AST) -> bool:
    """Tell whether something in an expression has names that only it knows, or must wait."""
    return any(isinstance(node, _OF_THEIR_OWN) for node in ast.walk(tree))


def _is_looked_at() -> bool:
    """Tell whether somebody sees which lines run: a debugger, or what measures coverage."""
    monitoring = getattr(sys, "monitoring", None)  # since Python 3.12
    return sys.gettrace() is not None or (monitoring is not None and any(
        monitoring.get_tool(tool) for tool in range(_TOOLS)))


def _returned(function: FunctionType) -> ast.Dict | None:
    """Return the dictionary that a function consists of, if it does."""
    if len(function.__code__.co_code) > _SHORT:
        return None
    try:
        definition, = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    except (OSError, SyntaxError):  # a lambda, or made of no file
        return None
    if not isinstance(definition, ast.FunctionDef) or definition.decorator_list \
            or definition.args.vararg or definition.args.kwarg:
        return None
    *before, last = definition.body
    is_text = [isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant)
               for each in before]
    if all(is_text) and isinstance(last, ast.Return) and isinstance(last.value, ast.Dict) \
            and not any(map(_is_private, ast.walk(last))):
        lines, _ = inspect.findsource(function)
        module = compile("".join(lines), "<module>", "exec", dont_inherit=True)
        return last.value if function.__code__ in _codes_in(module) else None
    return None


def _is_private(node: ast.AST) -> bool:
    """Tell whether a name is another one within its class."""
    name = getattr(node, "attr", getattr(node, "id", ""))
    return name.startswith("__") and not name.endswith("__")


def _codes_in(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _codes_in(each)


def _names_in(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _parsed(expression: str) -> ast.Expression:
    try:
        tree = ast.parse(expression, mode="eval")
    except SyntaxError:
        raise ValueError(f"Inline: expected an expression, found {expression!r}") from None
    if has_names_of_its_own(tree):
        raise ValueError(f"Inline: expected an expression without names of its own, found "
                         f"{expression!r}")
    return tree


class _Renaming(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]):
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        """Call it by its other name."""
        return ast.Name(self._names[node.id], node.ctx)


class _AsInlined(ast.NodeTransformer):
    """Names widgets as an `Inline` does, and looks global names up where a function would."""

    def __init__(self, widgets: Collection[str], global_names: Collection[str]):
        self._widgets = widgets
        self._global_names = global_names

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """Make ``self.addend`` the name of the widget."""
        self.generic_visit(node)
        if isinstance(node.value, ast.Name) and node.value.id == "self" \
                and node.attr in self._widgets:
            return ast.Name(node.attr, node.ctx)
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Look it up, if it is one of the module's."""
        if node.id not in self._global_names:
            return node
        return ast.Subscript(ast.Name(_GLOBALS, ast.Load()), ast.Constant(node.id), ast.Load())
