"""torch's optimizers without torch's compiler.

`torch.optim` imports ``torch._dynamo`` with the first optimizer, only to ask it to keep out.  That
import takes as long as that of torch itself, and it brings Triton where there is one, whose LLVM
does not share a process with the LLVM of Mesa's software renderer: a run that draws pictures on
the CPU would crash.
"""

from __future__ import annotations

import inspect
from typing import Any, TypeVar

import torch

_Optimizer = TypeVar("_Optimizer", bound=torch.optim.Optimizer)

_ASKING = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")
"""The methods, beside ``step``, that torch wraps in such a question."""


def eager(optimizer: type[_Optimizer]) -> type[_Optimizer]:
    """Return a subclass of ``optimizer`` with the methods that torch has wrapped, as they were.

    Same numbers, same state.  It is for eager code: a compiled function must not call it.
    """
    methods: dict[str, Any] = {name: inspect.unwrap(getattr(optimizer, name))
                               for name in _ASKING}
    # What wraps it does nothing else that shows: it switches gradients off, as here.
    methods["step"] = torch.no_grad()(inspect.unwrap(optimizer.step))
    return type(optimizer.__name__, (optimizer,), methods)


Adam = eager(torch.optim.Adam)
AdamW = eager(torch.optim.AdamW)
RMSprop = eager(torch.optim.RMSprop)
SGD = eager(torch.optim.SGD)
