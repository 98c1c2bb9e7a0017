"""The policy of a graph as XML that `ros2 security` reads, of its schema version 0.2.0."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable

from dnne_ros.security.enclaves import Enclave, Profile

VERSION = "0.2.0"
_RULES = (("topic", "publish", "publishes"), ("topic", "subscribe", "subscribes"),
          ("service", "reply", "offers"), ("service", "request", "calls"),
          ("action", "execute", "executes"), ("action", "call", "sends_goals"))
"""What is allowed, how, and which field of a profile has it."""


def policy_xml(enclaves: Iterable[Enclave]) -> bytes:
    """Return the text of ``policy.xml``; whatever it does not allow is denied."""
    policy = ElementTree.Element("policy", version=VERSION)
    group = ElementTree.SubElement(policy, "enclaves")
    for enclave in enclaves:
        element = ElementTree.SubElement(group, "enclave", path=enclave.path)
        profiles = ElementTree.SubElement(element, "profiles")
        for profile in enclave.profiles:
            _add_profile(profiles, profile.with_actions())
    return as_text(policy)


def as_text(tree: ElementTree.Element) -> bytes:
    """Return indented XML with a declaration."""
    ElementTree.indent(tree)
    text: bytes = ElementTree.tostring(tree, "UTF-8", xml_declaration=True)
    return text + b"\n"


def _add_profile(profiles: ElementTree.Element, profile: Profile) -> None:
    element = ElementTree.SubElement(profiles, "profile", ns=profile.namespace, node=profile.node)
    for kind, way, field in _RULES:
        names = getattr(profile, field)
        if names:
            rule = ElementTree.SubElement(element, f"{kind}s", {way: "ALLOW"})
            for name in names:
                ElementTree.SubElement(rule, kind).text = name
