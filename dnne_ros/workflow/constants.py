"""Nodes that hold one value for the widgets of others: ComfyUI's PrimitiveInt and its siblings.

Unlike its PrimitiveNode they are nodes of a server, so both formats have them.
"""

from __future__ import annotations

from dnne_ros.workflow.signature import (
    NodeSignature,
    PortSignature,
    SignatureLookup,
    WidgetSignature,
)

VALUE = "value"

_OUTPUTS = {
    "PrimitiveInt": "INT",
    "PrimitiveFloat": "FLOAT",
    "PrimitiveBoolean": "BOOLEAN",
    "PrimitiveString": "STRING",
    "PrimitiveStringMultiline": "STRING",
}
CONSTANTS = {
    name: NodeSignature(name, (), (PortSignature(type_, type_),),
                        (WidgetSignature(VALUE, is_seed=type_ in ("INT", "FLOAT"), type=type_),))
    for name, type_ in _OUTPUTS.items()}


def constant_signature(type_: str, signature_of: SignatureLookup) -> NodeSignature | None:
    """Return the signature of a constant; None if it is none, or a node type of that name is."""
    return None if signature_of(type_) is not None else CONSTANTS.get(type_)
