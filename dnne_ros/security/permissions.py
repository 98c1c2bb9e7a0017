"""What DDS Security 1.1 is to know: who may use which DDS topics, and how all is protected.

ROS has a topic ``/a`` as ``rt/a``, and a service ``/s`` as ``rq/sRequest`` and ``rr/sReply``; what
`ros2 security create_permission` makes of a policy is the same.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from datetime import datetime

from dnne_ros.security.enclaves import Enclave
from dnne_ros.security.policy import as_text

_SCHEMAS = "http://www.omg.org/spec/DDS-SECURITY/20170901/omg_shared_ca_{}.xsd"
_EVERY_PARTICIPANT = "ros_discovery_info"
"""Which nodes a process has; every ROS process says it there, and hears it."""
_PROTECTION = (("discovery_protection_kind", "ENCRYPT"), ("liveliness_protection_kind", "ENCRYPT"),
               ("rtps_protection_kind", "SIGN"))
_OF_TOPICS = (("enable_discovery_protection", "true"), ("enable_liveliness_protection", "true"),
              ("enable_read_access_control", "true"), ("enable_write_access_control", "true"),
              ("metadata_protection_kind", "ENCRYPT"), ("data_protection_kind", "ENCRYPT"))


def permissions_xml(enclave: Enclave, domain: int, begin: datetime, end: datetime) -> bytes:
    """Return the text of an enclave's ``permissions.xml``, for one ROS domain.

    ``begin`` and ``end``, both UTC, are those of its certificate.
    """
    dds = _document("permissions")
    grant = ElementTree.SubElement(ElementTree.SubElement(dds, "permissions"), "grant",
                                   name=enclave.path)
    ElementTree.SubElement(grant, "subject_name").text = f"CN={enclave.path}"
    validity = ElementTree.SubElement(grant, "validity")
    for name, time in (("not_before", begin), ("not_after", end)):
        ElementTree.SubElement(validity, name).text = time.strftime("%Y-%m-%dT%H:%M:%S")
    rule = ElementTree.SubElement(grant, "allow_rule")
    _add_domain(rule, domain)
    profiles = enclave.profiles
    for way, names in (("publish", {name for profile in profiles for name in (
            *_of("rt", profile.publishes), *_of("rr", profile.offers, "Reply"),
            *_of("rq", profile.calls, "Request"))}),
                       ("subscribe", {name for profile in profiles for name in (
            *_of("rt", profile.subscribes), *_of("rq", profile.offers, "Request"),
            *_of("rr", profile.calls, "Reply"))})):
        topics = ElementTree.SubElement(ElementTree.SubElement(rule, way), "topics")
        for name in sorted(names | {_EVERY_PARTICIPANT}):
            ElementTree.SubElement(topics, "topic").text = name
    ElementTree.SubElement(grant, "default").text = "DENY"
    return as_text(dds)


def governance_xml(domain: int) -> bytes:
    """Return the text of ``governance.xml``: nobody without keys, everything encrypted."""
    dds = _document("governance")
    rules = ElementTree.SubElement(dds, "domain_access_rules")
    rule = ElementTree.SubElement(rules, "domain_rule")
    _add_domain(rule, domain)
    ElementTree.SubElement(rule, "allow_unauthenticated_participants").text = "false"
    ElementTree.SubElement(rule, "enable_join_access_control").text = "true"
    for name, kind in _PROTECTION:
        ElementTree.SubElement(rule, name).text = kind
    topics = ElementTree.SubElement(ElementTree.SubElement(rule, "topic_access_rules"),
                                    "topic_rule")
    ElementTree.SubElement(topics, "topic_expression").text = "*"
    for name, kind in _OF_TOPICS:
        ElementTree.SubElement(topics, name).text = kind
    return as_text(dds)


def _document(kind: str) -> ElementTree.Element:
    return ElementTree.Element("dds", {
        "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
        "xsi:noNamespaceSchemaLocation": _SCHEMAS.format(kind)})


def _add_domain(rule: ElementTree.Element, domain: int) -> None:
    ElementTree.SubElement(ElementTree.SubElement(rule, "domains"), "id").text = str(domain)


def _of(kind: str, names: Iterable[str], end: str = "") -> Iterable[str]:
    return (f"{kind}{name}{end}" for name in names)
