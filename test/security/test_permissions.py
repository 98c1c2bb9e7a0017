"""What DDS is told: ROS' names as DDS has them, for one domain and one time."""

import xml.etree.ElementTree as ElementTree
from datetime import datetime, timezone

from dnne_ros.security.enclaves import Enclave, Profile
from dnne_ros.security.permissions import governance_xml, permissions_xml

BEGIN, END = (datetime(year, 2, 3, 4, 5, 6, tzinfo=timezone.utc) for year in (2026, 2036))


def test_names_are_those_of_dds():
    profiles = (Profile("/g", "a", publishes=("/g/a/out",), offers=("/g/a/get",)),
                Profile("/g", "b", publishes=("/g/a/out",), subscribes=("/in",), calls=("/add",)))
    dds = ElementTree.fromstring(permissions_xml(Enclave("/g/main", profiles), 7, BEGIN, END))
    grant, = dds.iterfind("permissions/grant")
    assert grant.get("name") == "/g/main"
    assert [each.tag for each in grant] == ["subject_name", "validity", "allow_rule", "default"]
    assert grant.findtext("subject_name") == "CN=/g/main"
    assert [each.text for each in grant.find("validity")] == [
        "2026-02-03T04:05:06", "2036-02-03T04:05:06"]
    assert grant.findtext("default") == "DENY"
    rule = grant.find("allow_rule")
    assert [each.text for each in rule.find("domains")] == ["7"]
    assert [each.text for each in rule.find("publish/topics")] == [
        "ros_discovery_info", "rq/addRequest", "rr/g/a/getReply", "rt/g/a/out"]
    assert [each.text for each in rule.find("subscribe/topics")] == [
        "ros_discovery_info", "rq/g/a/getRequest", "rr/addReply", "rt/in"]


def test_nobody_comes_in_without_keys_and_all_is_encrypted():
    rule = ElementTree.fromstring(governance_xml(7)).find("domain_access_rules/domain_rule")
    assert rule.findtext("domains/id") == "7"
    assert rule.findtext("allow_unauthenticated_participants") == "false"
    assert rule.findtext("enable_join_access_control") == "true"
    of_topics = {each.tag: each.text for each in rule.find("topic_access_rules/topic_rule")}
    assert of_topics["topic_expression"] == "*"
    assert of_topics["enable_read_access_control"] == "true"
    assert of_topics["enable_write_access_control"] == "true"
    assert of_topics["data_protection_kind"] == "ENCRYPT"
