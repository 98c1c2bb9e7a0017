"""Keeps a test process to itself on DDS."""

import fcntl
import os
import tempfile

from dnne_ros.runtime.discovery import PROFILES, RANGE, choose_reach


def claim_domain():
    """Return a DDS domain that no other test process on this machine uses, while this one runs."""
    for number in range(os.getpid(), os.getpid() + 100):
        domain = 1 + number % 100
        name = os.path.join(tempfile.gettempdir(), f"dnne_ros_test_domain_{domain}")
        lock = open(name, "w")  # noqa: SIM115
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return domain, lock
        except BlockingIOError:
            lock.close()
    raise RuntimeError("all of the 100 DDS domains for tests are in use")


def join_domain():
    """Let this process and those that it starts use such a domain, on this machine only.

    Returns what keeps it; to be called before rclpy comes.
    """
    domain, lock = claim_domain()
    os.environ[RANGE] = "LOCALHOST"
    os.environ["ROS_DOMAIN_ID"] = str(domain)
    # Threads of torch that wait for each other on a busy machine burn what others need.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    return lock


def avoid_shared_memory():
    """Let this process use DDS as graphs do.

    Tests kill processes that may hold locks in shared memory, and start so many that the race in
    Fast DDS 3 (`dnne_ros.runtime.discovery`) would end this one now and then.
    """
    choose_reach(os.environ, "LOCALHOST")


def users_environment():
    """Return the environment of a user, for whom the commands choose how DDS is used."""
    kept = {name: value for name, value in os.environ.items() if name not in PROFILES}
    return {**kept, RANGE: "LOCALHOST"}
