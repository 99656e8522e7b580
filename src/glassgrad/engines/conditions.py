"""Where a row's condition (a kink's, a domain's: text of our own over its inputs) holds for given values. Floor 4."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from glassgrad.graph.op import Op


def condition_holds(op: Op, condition: str, arguments: Sequence[Any], params: Mapping[str, Any]) -> Any:
    """True or false for each place."""
    return _compiled((*op.inputs, *params), condition)(*arguments, *params.values())


@lru_cache(maxsize=512)
def _compiled(names: tuple[str, ...], condition: str) -> Callable[..., Any]:
    code = compile(f"lambda {', '.join(names)}: {condition}", "<glassgrad condition>", "eval")
    return eval(code, {"np": np})  # type: ignore[no-any-return]  # noqa: S307 - the text of a row of our own
