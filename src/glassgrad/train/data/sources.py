"""What `fit` takes as data, made a source: arrays, a share of them held back, files, generators. Floor 7."""

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
    if not isinstance(validation, float):
        return _ahead(source), None if validation is None else _ahead(_source(validation, dtype, "validation"))
    if not 0 < validation < 1:
        raise UsageError(f"validation is {validation}, a share of the rows between 0 and 1, or data of its own")
    if not isinstance(source, Arrays):
        raise UsageError("a share can be held back of arrays only", hint="give validation data of its own")
    kept, held = _split(source, validation, key)
    return _ahead(kept), _ahead(held)


def _source(data: Any, dtype: np.dtype, name: str) -> Source:
    """Data as a source."""
    if isinstance(data, Source):
        return data
    if not isinstance(data, tuple):
        raise UsageError(
            f"{name} is (inputs, *targets) or a source, found {type(data).__name__}",
            hint=f"({name},) for inputs without targets" if isinstance(data, np.ndarray) else None,
        )
    return Arrays(*map_leaves(lambda leaf: _in_dtype(leaf, dtype), data), dtype=dtype)


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
