"""Conditions on items: ``nan``, ``reward < -10``, ``number >= 100 and not finite(action)``.

    condition  = both, {"or", both}
    both       = negation, {"and", negation}
    negation   = "not", negation | comparison
    comparison = value, [("<" | "<=" | ">" | ">=" | "==" | "!="), value]
    value      = number | text | "(", condition, {",", value}, ")"
               | (name | function, "(", condition, ")"), {".", name | "[", …, "]"}

A comparison holds if it does for any element, and so does a value alone if any element is true or
not 0.  Nothing is evaluated but this: conditions come from browsers and files.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from dnne_ros.debugging.numbers import array_of, dtype_of, is_array, parts_of
from dnne_ros.debugging.tokens import ConditionError, Token, split

_DEEPEST = 20
_WHOLE = ("item", "value")
_COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "==": operator.eq, "!=": operator.ne}
_CONSTANTS = {"true": True, "false": False}


class Misfit(Exception):
    """A condition means nothing for an item: it has no such part, or no numbers."""


@dataclass(frozen=True)
class Seen:
    """An item that a condition is asked about; its port may be named in it."""

    value: Any
    number: int
    port: str = ""


_Value = Callable[[Seen], Any]


class Condition:
    """What is asked of each item."""

    def __init__(self, text: str):
        """Read it; `ConditionError` with the place where it means nothing."""
        self.text = text.strip()
        self._holds = _Reader(split(text)).whole()

    def holds(self, value: Any, number: int, port: str = "") -> bool:
        """Tell whether it does for an item; `Misfit` if it means nothing for that."""
        return _is_true(self._holds(Seen(value, number, port)))


class _Reader:
    """Reads the grammar above, one method a rule."""

    def __init__(self, tokens: list[Token]):
        self._tokens = tokens
        self._depth = 0

    def whole(self) -> _Value:
        found = self._condition()
        if self._next.kind != "end":
            raise self._error("the end, a comparison, 'and' or 'or'")
        return found

    @property
    def _next(self) -> Token:
        return self._tokens[0]

    def _error(self, expected: str) -> ConditionError:
        found = self._next
        return ConditionError(found.at, expected,
                              found.text if found.kind == "end" else repr(found.text))

    def _take(self, *texts: str) -> Token | None:
        """Return the next token if it is one of these, which no text in quotes is."""
        if self._next.kind in ("name", "sign") and self._next.text in texts:
            return self._tokens.pop(0)
        return None

    def _need(self, text: str) -> None:
        if self._take(text) is None:
            raise self._error(repr(text))

    def _condition(self) -> _Value:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._error(f"at most {_DEEPEST} brackets in each other")
        either = [self._both()]
        while self._take("or"):
            either.append(self._both())
        self._depth -= 1
        if len(either) == 1:
            return either[0]
        return lambda seen: any(_is_true(each(seen)) for each in either)

    def _both(self) -> _Value:
        both = [self._negation()]
        while self._take("and"):
            both.append(self._negation())
        if len(both) == 1:
            return both[0]
        return lambda seen: all(_is_true(each(seen)) for each in both)

    def _negation(self) -> _Value:
        negations = 0
        while self._take("not"):
            negations += 1
        found = self._comparison()
        if not negations:
            return found
        return lambda seen: _is_true(found(seen)) != bool(negations % 2)

    def _comparison(self) -> _Value:
        left = self._value()
        sign = self._take(*_COMPARED)
        if sign is None:
            return left
        right = self._value()
        return lambda seen: _compare(sign.text, left(seen), right(seen))

    def _value(self) -> _Value:
        token = self._next
        if token.kind == "text":
            self._tokens.pop(0)
            return _constant(token.text[1:-1])
        if self._take("-") or self._take("+"):
            number = self._number()
            return _constant(-number if token.text == "-" else number)
        if token.kind == "number":
            return _constant(self._number())
        if self._take("("):
            return self._bracketed()
        if token.kind != "name" or token.text in ("and", "or", "not"):
            raise self._error("a name or a number")
        return self._named()

    def _number(self) -> float:
        if self._next.kind != "number":
            raise self._error("a number")
        text = self._tokens.pop(0).text
        return int(text) if text.isdigit() and len(text) < 19 else float(text)

    def _bracketed(self) -> _Value:
        """Read what is behind an opening bracket: a condition, or a shape such as ``(512, 4)``."""
        if self._take(")"):
            return _constant(())
        first = self._condition()
        if self._take(")"):
            return first
        lengths = [first]
        while self._take(","):
            if self._next.text == ")":
                break
            lengths.append(self._value())
        self._need(")")
        return lambda seen: tuple(each(seen) for each in lengths)

    def _named(self) -> _Value:
        name, at = self._next.text, self._next.at
        self._tokens.pop(0)
        if name in _CONSTANTS:
            return _constant(_CONSTANTS[name])
        if self._take("("):
            if name not in _FACTS:
                raise ConditionError(at, f"one of {', '.join(_FACTS)} before '('", repr(name))
            fact, of = _FACTS[name], self._condition()
            self._need(")")
            found: _Value = lambda seen: fact(of(seen))  # noqa: E731
        else:
            found = lambda seen: _look_up(seen, name)  # noqa: E731
        while sign := self._take(".", "["):
            found = self._part(found) if sign.text == "." else self._element(found)
        return found

    def _part(self, whole: _Value) -> _Value:
        if self._next.kind != "name":
            raise self._error("a name behind '.'")
        name = self._tokens.pop(0).text
        return lambda seen: _part_of(whole(seen), name)

    def _element(self, whole: _Value) -> _Value:
        """Read ``3]`` or ``0, -1]``, or the name of a part in quotes."""
        if self._next.kind == "text":
            name = self._tokens.pop(0).text[1:-1]
            self._need("]")
            return lambda seen: _part_of(whole(seen), name)
        place: list[int] = []
        while True:
            sign = -1 if self._take("-") else 1
            if self._next.kind != "number" or not self._next.text.isdigit():
                raise self._error("a whole number")
            place.append(sign * int(self._number()))
            if self._take("]"):
                return lambda seen: _element_of(whole(seen), tuple(place))
            self._need(",")


def _constant(value: Any) -> _Value:
    return lambda seen: value


def _look_up(seen: Seen, name: str) -> Any:
    """Return what a name stands for: the item, its number, one of its parts, or a fact of it."""
    if name in _WHOLE:
        return seen.value
    if name == "number":
        return seen.number
    parts = parts_of(seen.value)
    if name in parts:
        return parts[name]
    if name == seen.port:
        return seen.value
    if name in _FACTS:
        return _FACTS[name](seen.value)
    return _part_of(seen.value, name)


def _part_of(whole: Any, name: str) -> Any:
    parts = parts_of(whole)
    if name in parts:
        return parts[name]
    if name in _FACTS:
        return _FACTS[name](whole)
    known = f"it has {', '.join(parts)}" if parts else f"it is of type {dtype_of(whole)}"
    raise Misfit(f"the item has no {name!r:.40}; {known:.200}")


def _element_of(whole: Any, place: tuple[int, ...]) -> Any:
    try:
        if is_array(whole):
            return whole[place]
        for index in place:
            whole = whole[index]
        return whole
    except (IndexError, TypeError, KeyError):
        raise Misfit(f"the item has no element {list(place)}: its shape is "
                     f"{_shape(whole)}") from None


def _numbers(value: Any) -> np.ndarray:
    found = array_of(value)
    if found is None:
        raise Misfit(f"a {dtype_of(value)} has no numbers to be asked about")
    return found


def _shape(value: Any) -> tuple[int, ...]:
    return tuple(int(length) for length in getattr(value, "shape", ())) if is_array(value) \
        else (len(value),) if hasattr(value, "__len__") else ()


def _over(function: Callable[[np.ndarray], Any]) -> Callable[[Any], Any]:
    """Return what asks about all elements; of none, it is NaN, which compares with nothing."""
    def ask(value: Any) -> Any:
        found = _numbers(value)
        return function(found).item() if found.size else math.nan
    return ask


def _of_all_parts(test: Callable[[np.ndarray], Any]) -> Callable[[Any], bool]:
    """Return what asks whether a test holds anywhere, also in the parts of an item."""
    def ask(value: Any) -> bool:
        parts = parts_of(value)
        if parts:
            return any(ask(part) for part in parts.values())
        found = array_of(value)
        return found is not None and found.dtype.kind in "fc" and bool(test(found).any())
    return ask


_has_nan, _has_inf = _of_all_parts(np.isnan), _of_all_parts(np.isinf)
_FACTS: dict[str, Callable[[Any], Any]] = {
    "nan": _has_nan, "inf": _has_inf,
    "finite": lambda value: not (_has_nan(value) or _has_inf(value)),
    "shape": _shape, "ndim": lambda value: len(_shape(value)),
    "size": lambda value: math.prod(_shape(value)), "dtype": dtype_of,
    "min": _over(np.min), "max": _over(np.max), "mean": _over(np.mean), "std": _over(np.std),
    "abs": lambda value: np.abs(_numbers(value))}
"""What may be asked of an item, or of a part of it."""


def _compare(sign: str, left: Any, right: Any) -> bool:
    for text in (left, right):
        if isinstance(text, (str, tuple)):
            if type(left) is not type(right):
                if sign in ("==", "!="):
                    return sign == "!="
                raise Misfit(f"a {dtype_of(left)} and a {dtype_of(right)} cannot be compared")
            return bool(_COMPARED[sign](left, right))
    try:
        return bool(np.any(_COMPARED[sign](_numbers(left), _numbers(right))))
    except (ValueError, TypeError):
        raise Misfit(f"shapes {_shape(left)} and {_shape(right)} cannot be compared") from None


def _is_true(value: Any) -> bool:
    if isinstance(value, (bool, str, tuple)):
        return bool(value)
    return bool(np.any(_numbers(value)))
