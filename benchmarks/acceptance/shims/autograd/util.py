"""An old gradient check."""

import warnings
from typing import Any

from autograd.test_util import check_grads


def quick_grad_check(fun: Any, arg0: Any, extra_args: tuple[Any, ...] = (), **_: Any) -> None:
    """First-order reverse mode only."""
    warnings.warn("deprecated", stacklevel=2)
    check_grads(lambda x: fun(x, *extra_args), modes=["rev"], order=1)(arg0)
