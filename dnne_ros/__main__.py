"""``python -m dnne_ros`` is ``dnne-ros``."""

import sys

from dnne_ros.cli.main import main

sys.exit(main())
