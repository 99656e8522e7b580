"""What `fit` takes as data, made a source: arrays, a share of them held back, files, generators. Floor 7."""

from numbers import Real
from typing import Any

import numpy as np

from glassgrad.base.errors import UsageError
from glassgrad.base.naming import counted
from glassgrad.base.trees import map_leaves
from glassgrad.random.discrete import permutation
from glassgrad.train.data.arrays import Arrays
from glassgrad.train.data.batches import Source
from glassgrad.train.data.prefetch import Prefetched


def dtype_of(model: Any) -> np.dtype:
    """The float dtype of a model's parameters: what data is turned into."""
    kinds = [np.dtype(value.dtype) for value in model.parameters().values()]
    return np.result_type(*kinds) if kinds else np.dtype(np.float32)


def as_source(data: Any, validation: Any, dtype: np.dtype, key: Any) -> tuple[Source, Source | None]:
    """The training data and the validation data as sources; a share of the rows may be held back as the latter."""
    source = _source(data, dtype, "data")
    if not isinstance(validation, Real):
        held_back = None if validation is None else _source(validation, dtype, "validation")
        _check_parts(source, held_back)
        return _ahead(source), None if held_back is None else _ahead(held_back)
    share = float(validation)
    if not 0 < share < 1:
        raise UsageError(f"validation is {validation}: it is a share of the rows between 0 and 1, or data of its own")
    if not isinstance(source, Arrays):
        raise UsageError("a share can be held back of arrays only", hint="give validation data of its own")
    kept, held = _split(source, share, key)
    return _ahead(kept), _ahead(held)


def _source(data: Any, dtype: np.dtype, name: str) -> Source:
    """Data as a source."""
    if isinstance(data, Source):
        return data
    if not isinstance(data, tuple):
        raise UsageError(
            f"{name} is (inputs, *targets) or a source, found {type(data).__name__}", hint=_meant(data, name)
        )
    for place, part in enumerate(data):
        if _is_of_numbers(part):
            raise UsageError(
                f"{name}[{place}] is a {type(part).__name__} of numbers, and arrays are needed",
                hint=f"np.asarray({name}[{place}])",
            )
    return Arrays(*map_leaves(lambda leaf: _in_dtype(leaf, dtype), data), dtype=dtype, name=name)


def _meant(data: Any, name: str) -> str | None:
    """What could be given instead of this."""
    match data:
        case np.ndarray():
            return f"({name},) for inputs without targets"
        case list():
            return "a tuple: (inputs, targets)"
        case dict():
            return "(inputs, targets): the inputs may be a dict of arrays, which the model is called with"
    if hasattr(data, "__iter__"):
        return "what comes in pieces is a train.Stream of a function that gives a new iterator for each epoch"
    return None


def _is_of_numbers(part: Any) -> bool:
    """Is it a list of numbers, or of lists of numbers? Lists of arrays are trees."""
    while isinstance(part, list | tuple) and part:
        part = part[0]
    return isinstance(part, Real)


def _check_parts(source: Source, held_back: Source | None) -> None:
    """Raises UsageError where the validation lacks targets that the data has: not only after the first epoch."""
    if isinstance(source, Arrays) and isinstance(held_back, Arrays) and len(source.values) != len(held_back.values):
        raise UsageError(
            f"validation has {counted(len(held_back.values), 'part')}, and data has {len(source.values)}",
            hint="both are (inputs, *targets)",
        )


def _ahead(source: Source) -> Source:
    """What does not lie in memory is read ahead."""
    in_memory = isinstance(source, Arrays) and not source.is_mapped
    return source if in_memory or isinstance(source, Prefetched) else Prefetched(source)


def _in_dtype(leaf: Any, dtype: np.dtype) -> np.ndarray:
    """Floats in the model's dtype; what is mapped from a file is left there, and turned batch by batch."""
    array = leaf if isinstance(leaf, np.ndarray) else np.asarray(leaf)
    if isinstance(array, np.memmap) or array.dtype.kind != "f":
        return array
    return array.astype(dtype, copy=False)


def _split(source: Arrays, share: float, key: Any) -> tuple[Arrays, Arrays]:
    held = max(round(source.rows * share), 1)
    if held >= source.rows:
        raise UsageError(f"a share of {share} of {counted(source.rows, 'row')} leaves nothing to train on")
    places = np.asarray(permutation(key, source.rows))
    return source.part(np.sort(places[held:])), source.part(np.sort(places[:held]))
