"""JSON has no NaN and no infinities: they are null in what we give and write. Floor 0."""

import json
import math
from typing import Any

import numpy as np


def finite_json(value: Any, *, indent: int) -> str:
    """The value as JSON, with plain numbers, and null for those that are not finite.

    >>> finite_json({"auc": float("nan"), "rows": np.int64(3)}, indent=0).split()
    ['{', '"auc":', 'null,', '"rows":', '3', '}']
    """
    return json.dumps(finite(value), ensure_ascii=False, indent=indent, allow_nan=False)


def finite(value: Any) -> Any:
    """The same tree with None for numbers that are not finite, and Python's own numbers for NumPy's."""
    match value:
        case dict():
            return {name: finite(part) for name, part in value.items()}
        case list() | tuple():
            return [finite(part) for part in value]
        case float():
            return value if math.isfinite(value) else None
        case np.integer() | np.floating():
            return finite(value.item())
        case _:
            return value
