"""What a fork of the warm process does: it becomes ``python -m module`` or ``python file``."""

import os
import runpy
import sys


def run_module():
    """Run the module that `sys.argv` names, as if this were a new interpreter."""
    _, errors, module, *arguments = sys.argv
    if errors:
        file = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, 2)
        os.close(file)
    path = os.environ.get("PYTHONPATH", "")
    sys.path[:0] = [os.getcwd(), *filter(None, path.split(os.pathsep))]
    sys.argv = [module, *arguments]
    if module.endswith(".py"):
        runpy.run_path(module, run_name="__main__")
        return
    sys.modules.pop(module, None)
    runpy.run_module(module, run_name="__main__", alter_sys=True)
