"""An operation that is short enough to be written into the function of a compiled region."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

_OF_THEIR_OWN = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
                 ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)
"""What has names of its own, or cannot stand in a plain function."""


class Inline:
    """What `Node.compute` does, as an expression for each output: ``Inline("number + addend")``.

    Its names are those of inputs, of widgets, whose values are live, of what is given as a
    keyword, and of Python's own functions.  A region calls nothing for it.  The text is a type's
    own code: a value belongs under a name and never into it, wherever it comes from.
    """

    def __init__(self, *expressions: str, **objects: Any):
        """Give the value of one of ``expressions`` for each output, in their order.

        ``objects`` are known to them by these names.  ValueError for what is no expression, or
        has names of its own, as a lambda has.
        """
        self.expressions = tuple(map(_parsed, expressions))
        self.objects = objects
        self.names = frozenset(node.id for tree in self.expressions for node in ast.walk(tree)
                               if isinstance(node, ast.Name))

    def bound(self, inputs: Iterable[str], widgets: Iterable[str]) -> Mapping[str, Any]:
        """Return the objects of all names that are no inputs and no ``widgets``.

        ValueError for a name that nothing has.
        """
        found = {}
        for name in sorted(self.names - {*inputs, *widgets}):
            if name not in self.objects and not hasattr(builtins, name):
                raise ValueError(f"Inline: expected the name of an input, of a widget or of what "
                                 f"is given as a keyword, found {name!r}")
            found[name] = self.objects.get(name, getattr(builtins, name, None))
        return found

    def written(self, names: Mapping[str, str]) -> Sequence[str]:
        """Return the expressions as a source text that calls all by other ``names``."""
        return [ast.unparse(_Renaming(names).visit(_parsed(ast.unparse(tree))))
                for tree in self.expressions]

    def function(self, inputs: Iterable[str], values: Mapping[str, Any]) -> Callable[..., Any]:
        """Return it as a function of ``inputs`` by name, with the live ``values`` of widgets."""
        inputs = tuple(inputs)
        bound = self.bound(inputs, values)
        code = [compile(tree, "<inline>", "eval") for tree in self.expressions]

        def called(**items: Any) -> Any:
            results = [eval(each, {**values, **bound, **items}) for each in code]
            return results[0] if len(results) == 1 else tuple(results)

        return called


def _parsed(expression: str) -> ast.Expression:
    try:
        tree = ast.parse(expression, mode="eval")
    except SyntaxError:
        raise ValueError(f"Inline: expected an expression, found {expression!r}") from None
    if own := next((node for node in ast.walk(tree) if isinstance(node, _OF_THEIR_OWN)), None):
        raise ValueError(f"Inline: expected an expression without names of its own, found "
                         f"{ast.unparse(own)!r}")
    return tree


class _Renaming(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]):
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        """Call it by its other name."""
        return ast.Name(self._names[node.id], node.ctx)
