"""Fitted transformers of scikit-learn as JSON and arrays, and back: no pickle, no code. Floor 7."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from glassgrad.base.errors import CheckpointError

Arrays = dict[str, np.ndarray]


def _classes() -> dict[str, Any]:
    """The transformers that preparations are made of; nothing else is ever restored."""
    from sklearn.impute import MissingIndicator, SimpleImputer  # with the first preparation
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, PowerTransformer, StandardScaler

    known = (MissingIndicator, SimpleImputer, OneHotEncoder, OrdinalEncoder, PowerTransformer, StandardScaler)
    return {one.__name__: one for one in known}


def state_of(value: Any, arrays: Arrays) -> Any:
    """The value as JSON holds it; arrays of numbers go into `arrays`, with their number in their place.

    >>> from sklearn.preprocessing import StandardScaler
    >>> arrays = {}
    >>> facts = state_of(StandardScaler().fit([[1.0], [3.0]]), arrays)
    >>> restored(facts, arrays).transform([[5.0]])
    array([[3.]])
    """
    match value:
        case None | bool() | str() | int():
            return value
        case np.bool_() | np.integer() | np.floating():
            return {"scalar": value.dtype.str, "value": value.item()}
        case float():
            return {"float": value.hex()}
        case np.dtype():
            return {"dtype": value.str}
        case type():
            return {"dtype": np.dtype(value).str, "is type": True}
        case np.ndarray() if value.dtype.kind in "OUS":
            return {"objects": [state_of(one, arrays) for one in value.ravel().tolist()], "shape": list(value.shape)}
        case np.ndarray():
            name = f"array {len(arrays)}"
            arrays[name] = np.asarray(value, order="C")
            return {"array": name}
        case list() | tuple():
            kind = "list" if isinstance(value, list) else "tuple"
            return {kind: [state_of(one, arrays) for one in value]}
        case dict():
            return {"dict": [[state_of(key, arrays), state_of(one, arrays)] for key, one in value.items()]}
    name = type(value).__name__
    if type(value) is not _classes().get(name):
        raise TypeError(f"{name} has no form in JSON")  # a mistake of ours
    return {"fitted": name, "state": {key: state_of(one, arrays) for key, one in vars(value).items()}}


def restored(facts: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """The value of which `state_of` gave the facts."""
    match facts:
        case None | bool() | str() | int():
            return facts
        case {"scalar": str() as dtype, "value": value}:
            return np.dtype(dtype).type(value)
        case {"float": str() as text}:
            return float.fromhex(text)
        case {"dtype": str() as text, "is type": True}:
            return np.dtype(text).type
        case {"dtype": str() as text}:
            return np.dtype(text)
        case {"objects": list() as values, "shape": list() as shape}:
            found = np.empty(len(values), object)
            found[:] = [restored(one, arrays) for one in values]
            return found.reshape(shape)
        case {"array": str() as name}:
            return arrays[name]
        case {"list": list() as values}:
            return [restored(one, arrays) for one in values]
        case {"tuple": list() as values}:
            return tuple(restored(one, arrays) for one in values)
        case {"dict": list() as pairs}:
            return {restored(key, arrays): restored(one, arrays) for key, one in pairs}
        case {"fitted": str() as name, "state": dict() as state} if name in _classes():
            fresh = _classes()[name]()
            vars(fresh).update({key: restored(one, arrays) for key, one in state.items()})
            return fresh
    raise CheckpointError(f"a preparation holds {str(facts)[:60]}, which is nothing that it is made of")
