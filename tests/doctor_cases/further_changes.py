"""What may be done to the data of the second set of cases."""

from collections.abc import Callable

import numpy as np

from tests.doctor_cases.arrays import Pair, Random, floats


def _standardised(pair: Pair, random: Random) -> Pair:
    """Inputs of mean 0 and deviation 1, each feature for itself."""
    x = pair[0]
    return floats((x - x.mean(axis=0)) / (x.std(axis=0) + 1e-6)), pair[1]


def _standardised_targets(pair: Pair, random: Random) -> Pair:
    y = pair[1]
    return pair[0], floats((y - y.mean(axis=0)) / y.std(axis=0))


def _infinite(pair: Pair, random: Random, share: float) -> Pair:
    """So many inputs are -inf, as the logarithm of 0 is."""
    x = pair[0].copy()
    x[random.random(x.shape) < share] = -np.inf
    return x, pair[1]


def _nan_rows(pair: Pair, random: Random, count: float) -> Pair:
    """The inputs of so many rows are NaN."""
    x = pair[0].copy()
    x[random.choice(len(x), int(count), replace=False)] = np.nan
    return x, pair[1]


def _constant_columns(pair: Pair, random: Random, count: float) -> Pair:
    """So many further features that are always the same."""
    x = pair[0]
    return floats(np.concatenate([x, np.full((len(x), int(count)), 1.0)], axis=1)), pair[1]


def _copied_columns(pair: Pair, random: Random) -> Pair:
    """Each feature a second time."""
    return floats(np.concatenate([pair[0], pair[0]], axis=1)), pair[1]


def _rolled(pair: Pair, random: Random) -> Pair:
    """Each row has the target of the row before."""
    return pair[0], np.roll(pair[1], 1, axis=0)


def _argmax(pair: Pair, random: Random) -> Pair:
    """Targets (count, 1) after argmax over their only column: all 0."""
    return pair[0], pair[1].argmax(axis=1)[:, None].astype(pair[1].dtype)


def _unknown(pair: Pair, random: Random) -> Pair:
    """No word is in the vocabulary: each has the number 0."""
    return np.zeros_like(pair[0]), pair[1]


def _whole(pair: Pair, random: Random) -> Pair:
    """Inputs as whole numbers, cut off."""
    return floats(np.trunc(pair[0])), pair[1]


def _as_steps(pair: Pair, random: Random) -> Pair:
    """The numbers of words as they are, as a sequence (length, 1)."""
    return floats(pair[0])[:, :, None], pair[1]


def _padded(pair: Pair, random: Random, count: float) -> Pair:
    """So many zeros behind each sequence."""
    x = pair[0]
    return np.concatenate([x, np.zeros((len(x), int(count), *x.shape[2:]), x.dtype)], axis=1), pair[1]


CHANGES: dict[str, Callable[..., Pair]] = {
    "standardised": _standardised, "standardised-targets": _standardised_targets, "infinite": _infinite,
    "nan-rows": _nan_rows, "constant-columns": _constant_columns, "copied-columns": _copied_columns,
    "rolled": _rolled, "argmax": _argmax, "unknown": _unknown, "whole": _whole, "as-steps": _as_steps,
    "padded": _padded,
}  # fmt: skip
