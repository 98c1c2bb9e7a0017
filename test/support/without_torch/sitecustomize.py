"""On a PYTHONPATH, this makes ``import torch`` fail, as where it is not installed."""

import sys

sys.modules["torch"] = None
