"""``python -m dnne_ros.jobs.work.hook PARENT WORD…``: a command that ends with its worker."""

from __future__ import annotations

import os
import sys

from dnne_ros.runtime.coordination.parent_death import die_with_parent


def main() -> int:
    """Become the command; returns 127 if there is none."""
    parent, *words = sys.argv[1:]
    die_with_parent(parent=int(parent))
    try:
        os.execvp(words[0], words)
    except OSError as error:
        print(f"{words[0]}: {error.strerror}", file=sys.stderr)
        return 127


if __name__ == "__main__":
    sys.exit(main())
