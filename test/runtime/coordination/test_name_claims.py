"""Two processes with nodes of one name, which DDS has not shown to each other yet."""

import errno
import os
import socket
import subprocess
import sys

import pytest

from dnne_ros.runtime.coordination.name_claims import NameClaims

NAME = f"/robot_{os.getpid()}/ppo_agent_3"
OTHER = f"/robot_{os.getpid()}/display_7"


@pytest.fixture
def claim():
    made = []

    def make(*names, domain=1):
        made.append(NameClaims(names, domain))
        return made[-1]

    yield make
    for claims in made:
        claims.close()


def test_the_second_is_told_until_the_first_is_gone(claim):
    first = claim(NAME, OTHER)
    second = claim(NAME)
    assert first.held_by_others() == []
    assert second.held_by_others() == [NAME]
    first.close()
    assert second.held_by_others() == []
    assert claim(NAME, OTHER).held_by_others() == [NAME]


def test_domains_and_namespaces_are_apart(claim):
    claim(NAME, domain=1)
    assert claim(NAME, domain=2).held_by_others() == []
    assert claim("/another" + NAME).held_by_others() == []


def test_a_name_may_be_as_long_as_it_likes(claim):
    long = NAME + "x" * 500
    claim(long + "a")
    assert claim(long + "b", long + "a").held_by_others() == [long + "a"]


def test_who_is_killed_holds_nothing(claim):
    holder = subprocess.Popen([sys.executable, "-c", (
        "import sys\n"
        "from dnne_ros.runtime.coordination.name_claims import NameClaims\n"
        "claims = NameClaims(sys.argv[1:], 1)\n"
        "print('there', flush=True)\n"
        "sys.stdin.read()"), NAME], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with holder:
        assert holder.stdout.readline() == "there\n"
        ours = claim(NAME)
        assert ours.held_by_others() == [NAME]
        holder.kill()
        holder.wait()
        assert ours.held_by_others() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become another user")
def test_another_user_cannot_hold_our_name(claim):
    os.seteuid(65534)
    try:
        claim(NAME)
    finally:
        os.seteuid(0)
    assert claim(NAME).held_by_others() == []


def test_without_sockets_nothing_is_known(claim, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EMFILE, "too many open files")

    claim(NAME)
    monkeypatch.setattr(socket, "socket", refuse)
    assert claim(NAME).held_by_others() == []
