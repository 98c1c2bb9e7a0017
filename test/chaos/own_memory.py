"""A /dev/shm that nobody else on this machine sees: it may be filled, and what is left is ours."""

import subprocess

_SIZE = "512m"


def words():
    """Return the words by which a command gets such a one with `mount`; none if it cannot."""
    for found in (["unshare", "--mount"], ["unshare", "--mount", "--map-root-user"]):
        try:
            tried = subprocess.run([*found, "mount", "-t", "tmpfs", "tmpfs", "/dev/shm"],
                                   check=False, capture_output=True)
        except OSError:
            return []
        if tried.returncode == 0:
            return found
    return []


def mount():
    """Begin with an empty one, in a process that was started with the `words`."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", "/dev/shm"],
                   check=True)
