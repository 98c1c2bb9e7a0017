"""A program that joins a DDS domain by Fast DDS with security, and says what it may do."""

import re
import xml.etree.ElementTree as ElementTree
from collections import namedtuple

End = namedtuple("End", "actor way topic")


class Probe:
    """The probe as it runs with some actors, and what it has said so far."""

    def __init__(self, command):
        self._command = command

    def found(self, pattern):
        """Return what matches in each line that fits."""
        return [match for line in self._command.lines
                if (match := re.fullmatch(pattern, line.strip()))]

    def until(self, condition, what):
        """Wait until ``condition()`` holds."""
        return self._command.until(condition, what)

    def begun(self):
        """Wait until all actors have tried to join and to make their ends."""
        self.until(lambda: self.found("all are here"), "the actors")
        return self

    def made(self):
        """Return the ends that could be made."""
        return [End(*each.groups()) for each in self.found(r"(\S+) made (pub|sub):(\S+)")]

    def denied(self):
        """Return those that could not."""
        return [End(*each.groups()) for each in self.found(r"(\S+) denied (pub|sub):(\S+)")]

    def refused(self):
        """Return the actors that could not join."""
        return {each[1] for each in self.found(r"(\S+) refused")}

    def matches(self):
        """Return how many others match each end, as it was said last; those with none left out."""
        counts = {}
        for each in self.found(r"(\S+) has (\d+) (pub|sub):(\S+)"):
            counts[End(each[1], each[3], each[4])] = int(each[2])
        return {end: count for end, count in counts.items() if count}

    def opinions(self):
        """Return {(actor, of which other): whether it trusts its identity}."""
        names = self._names()
        return {(each[1], names[each[3]]): each[2] == "trusts"
                for each in self.found(r"(\S+) (trusts|distrusts) (\S+)") if each[3] in names}

    def doubted(self):
        """Return the actors whose permissions some other finds bad, although it is who it is."""
        names = self._names()
        return {names[each[1]] for each in self.found(r"somebody denies (\S+)")
                if each[1] in names}

    def _names(self):
        return {each[2]: each[1] for each in self.found(r"(\S+) is (\S+)")}


def permitted(folder):
    """Return all that the permissions in an enclave's folder allow."""
    rule = ElementTree.parse(folder / "permissions.xml").find(".//allow_rule")
    return [f"{way[:3]}:{topic.text}" for way in ("publish", "subscribe")
            for topic in rule.iterfind(f"{way}/topics/topic")]
