"""What is written into a region's function, and what a compute has to be for that."""

import ast
import linecache
import math
import sys

import pytest

from dnne_ros.node_api.inline import Inline, inline_of
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Float
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget

OFFSET = 1.0
pytestmark = pytest.mark.skipif(
    sys.gettrace() is not None, reason="whoever looks at lines sees those of compute")


class Base(Node):
    """Has ports and a widget."""

    number = Input(Float(), "A number.")
    other = Input(Float(), "Another.", optional=True)
    out = Output(Float(), "A result.")
    gain = Widget(2.0, "A factor.", live=True)

    def setup(self):
        """Have something of its own."""
        self.own = 3.0


class Simple(Base):
    """Is inlined."""

    def compute(self, number, other):
        """Say what."""
        return {"out": math.sin(number) * self.gain + self.own - OFFSET + abs(number)}


def made_of(node_type):
    """Return what an expression of ``node_type`` gives: what a region would do."""
    inline = inline_of(node_type)
    node = node_type({"gain": 5.0})
    node.setup()
    bound = inline.bound(("number", "other"), node.values, node)
    text, = inline.written({name: f"x_{name.strip('_')}" for name in inline.names})
    known = {**bound, **node.values, "number": 0.5, "other": None}
    return eval(text, {f"x_{name.strip('_')}": known[name] for name in inline.names}), node


def test_a_compute_that_only_returns_expressions_is_read_off_its_source(monkeypatch):
    found, node = made_of(Simple)
    assert found == node.compute(0.5, None)["out"]
    monkeypatch.setattr(sys.modules[__name__], "OFFSET", 7.0)
    found, node = made_of(Simple)
    assert found == node.compute(0.5, None)["out"]


def kinds_that_are_called():
    class Steps(Base):
        def compute(self, number, other):
            result = number
            return {"out": result}

    class Comprehension(Base):
        def compute(self, number, other):
            return {"out": sum(each for each in (number, 1.0))}

    class OtherKeys(Base):
        def compute(self, number, other):
            return {"out": number, "more": other}

    class Defaults(Base):
        def compute(self, number, other, scale=2.0):
            return {"out": scale * number}

    class AnyInputs(Base):
        def compute(self, **items):
            return {"out": items["number"]}

    class Waits(Base):
        async def compute(self, number, other):
            return {"out": number}

    class Private(Base):
        def compute(self, number, other):
            return {"out": self.__mangled}

    class Unknown(Base):
        def compute(self, number, other):
            return {"out": not_there}  # noqa: F821

    class Wrapped(Base):
        compute = staticmethod(lambda number, other: {"out": number})

    class Super(Simple):
        def compute(self, number, other):
            return {"out": super().compute(number, other)["out"]}

    return [Steps, Comprehension, OtherKeys, Defaults, AnyInputs, Waits, Private, Unknown, Wrapped,
            Super]


@pytest.mark.parametrize("node_type", kinds_that_are_called(), ids=lambda each: each.__name__)
def test_any_other_is_called(node_type):
    assert inline_of(node_type) is None


def test_a_source_that_has_changed_since_is_not_believed(tmp_path, monkeypatch):
    file = tmp_path / "changing.py"
    text = ("from dnne_ros import Float, Input, Node, Output\n\n\nclass Changing(Node):\n"
            "    number = Input(Float(), 'A number.')\n    out = Output(Float(), 'It.')\n\n"
            "    def compute(self, number):\n        return {'out': number + 1}\n")
    file.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    from changing import Changing

    assert ast.unparse(inline_of(Changing).trees[0]) == "number + 1"
    file.write_text(text.replace("+ 1", "+ 1.0"))
    linecache.clearcache()  # as if the clock had gone on
    assert inline_of(Changing) is None


@pytest.mark.parametrize(("text", "found"), [
    ("number +", "expected an expression"), ("number = 1", "expected an expression"),
    ("lambda: number", "names of its own"), ("[x for x in number]", "names of its own"),
    ("(x := number)", "names of its own")])
def test_what_cannot_stand_anywhere_is_refused(text, found):
    with pytest.raises(ValueError, match=found):
        Inline(text)


def test_a_name_that_nothing_has_is_named():
    with pytest.raises(ValueError, match="'gian'"):
        Inline("gian * number").bound(["number"], ["gain"], None)
