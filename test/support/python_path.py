"""Where processes that tests start find Python packages."""

import os
from pathlib import Path


def python_path(*first):
    """Return a PYTHONPATH: the paths ``first``, then those at which ROS 2 has been sourced.

    Of what is inherited, none holds dnne_ros: tests say which one they mean.
    """
    inherited = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep)
                 if path and not (Path(path) / "dnne_ros").is_dir()]
    return os.pathsep.join(filter(None, [*map(str, first), *inherited]))
