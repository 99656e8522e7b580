"""CTC: sequences of labels against sequences of scores that are longer and not aligned with them. Floor 6.

Source: Graves, Fernández, Gomez and Schmidhuber (2006). All ways to spread the labels over the steps are summed by the
forward recursion in logarithms, one `scan` over the steps; the gradient is the derivative of that recursion.
"""

from dataclasses import dataclass

import numpy as np

from glassgrad.api.control import scan
from glassgrad.api.custom import stop_gradient
from glassgrad.base.avals import show_shape
from glassgrad.base.errors import DtypeError, OutOfRangeError, ShapeError
from glassgrad.nn.lengths import lengths_of
from glassgrad.nn.losses.arguments import mask_of, scores_of
from glassgrad.nn.losses.reduction import Reduction, reduced
from glassgrad.nn.rows import Array, as_array, known, like

# Logarithms that stand for a probability of 0. They are finite, so that no ∞ - ∞ arises: that of a state that no way
# leads to, that of the least likely emission, and what only the former reaches.
_NEVER, _LEAST, _IMPOSSIBLE = -1e30, -1e20, -1e19


@dataclass(frozen=True, slots=True)
class _Batch:
    """Sequences side by side, their lengths, and which of them count."""

    scores: Array  # (batch, time, class)
    labels: Array  # (batch, label)
    lengths: Array  # (batch,) of the scores
    label_lengths: Array  # (batch,)
    mask: Array | None  # (batch,)


def ctc(
    prediction: Array,
    target: Array,
    *,
    lengths: Array | None = None,
    target_lengths: Array | None = None,
    blank: int = 0,
    zero_infinity: bool = False,
    weights: Array | None = None,
    mask: Array | None = None,
    reduction: Reduction = "mean",
) -> Array:
    """-ln of the probability of the labels, summed over all ways to spread them over the steps.

    The prediction are logits (batch, time, class), of which logarithms of probabilities are a case; the target are
    labels (batch, label) other than the blank; one example comes without the batch axis. `lengths` and
    `target_lengths`, (batch,), say how much of each counts; what stands behind may be anything. Where there are fewer
    steps than the labels need, the loss is infinite, or with `zero_infinity` 0; its derivative is 0. As in PyTorch's
    `ctc_loss`, the mean is that of the losses over their numbers of labels; weights and the mask are (batch,).

    >>> ctc(np.zeros((3, 2)), np.array([1]), reduction="sum").round(6)  # 6 of the 8 sequences of 3 steps read as one 1
    np.float64(0.287682)
    """
    batch = _batch_of(prediction, target, lengths, target_lengths, blank, mask)
    total = _forward(batch, blank)
    impossible = total <= _IMPOSSIBLE  # which NaN is not: it stays
    losses = like(np.where(impossible, 0.0 if zero_infinity else np.inf, -total), batch.scores.dtype)
    if reduction == "mean":
        losses = losses / np.maximum(batch.label_lengths, 1).astype(losses.dtype)
    one = len(as_array(prediction).shape) == 2
    mask = batch.mask
    if one:
        losses, mask = losses[0], None if mask is None else mask[0]
    return reduced(losses, weights, mask, reduction)


# ------------------------------------------------------------------ what is given
def _batch_of(
    prediction: Array, target: Array, lengths: Array | None, label_lengths: Array | None, blank: int, mask: Array | None
) -> _Batch:
    x, y = scores_of("ctc", prediction), as_array(target)
    if y.dtype.kind not in "iu":
        raise DtypeError(f"ctc takes labels as whole numbers, found {y.dtype}", hint="target.astype(int)")
    if x.ndim not in (2, 3) or y.ndim != x.ndim - 1 or (x.ndim == 3 and x.shape[0] != y.shape[0]):
        raise ShapeError(
            f"ctc takes scores (batch, time, class) and labels (batch, label), "
            f"found {show_shape(x.shape)} and {show_shape(y.shape)}",
            hint="scores (time, batch, class) become so by np.swapaxes(prediction, 0, 1)",
        )
    given = as_array(mask) if mask is not None else None
    if x.ndim == 2:
        x, y = x[None], y[None]
        given = None if given is None else given[None]
    count, steps, classes = x.shape
    if steps == 0:
        raise ShapeError(f"ctc takes scores of one step or more, found {show_shape(as_array(prediction).shape)}")
    if not 0 <= blank < classes:
        raise OutOfRangeError(f"ctc with {classes} classes takes a blank from 0 to {classes - 1}, found {blank}")
    chosen = mask_of(given, (count,))
    sizes = _lengths("lengths", lengths, count, steps, chosen)
    label_sizes = _lengths("target_lengths", label_lengths, count, y.shape[1], chosen)
    counts = np.arange(y.shape[1]) < label_sizes[:, None]
    y = y.astype(np.int64)
    _check_labels(y, counts, classes, blank)
    # Negative labels must not count from the end; where numbers are not known yet, they are out of any range.
    y = np.where(counts, np.where(y < 0, classes, y), blank) if y.shape[1] else np.full((count, 1), blank)
    x = np.where((np.arange(steps) < sizes[:, None])[..., None], x, 0)
    return _Batch(x, y, sizes, label_sizes, chosen)


def _lengths(name: str, given: Array | None, count: int, full: int, mask: Array | None) -> Array:
    """The lengths, (batch,), 0 for what the mask leaves out."""
    if given is None:
        sizes: Array = np.full(count, full)
    else:
        sizes = lengths_of("ctc", name, given, (count,), full)
    return sizes if mask is None else np.where(mask, sizes, 0)


def _check_labels(labels: Array, counts: Array, classes: int, blank: int) -> None:
    numbers, inside = known(labels), known(counts)
    if numbers is None or inside is None:
        return
    wrong = inside & ((numbers < 0) | (numbers >= classes) | (numbers == blank))
    if wrong.any():
        place = tuple([int(index) for index in np.argwhere(wrong)[0]])
        label = numbers[place]
        kind = f"the blank {blank}" if label == blank else str(label)
        raise OutOfRangeError(
            f"ctc takes labels from 0 to {classes - 1} other than the blank, found {kind} at {place}",
            hint="target_lengths=… says where the labels end; blank=… which class is the blank",
        )


# ------------------------------------------------------------------ the recursion
def _forward(batch: _Batch, blank: int) -> Array:
    """The logarithm of the probability of each sequence of labels: (batch,).

    The states are the labels with blanks before, between and behind: (batch, 2·labels + 1). A step stays, goes on to
    the next state, or from a label over the blank to the next label where that is another one. The scores are summed
    along the ways, and what makes them logarithms of probabilities is taken off at the end. All this in 64 bits: the
    logarithms grow with the number of steps, and what matters is how they differ.
    """
    count, labels = batch.labels.shape
    states = np.reshape(
        np.stack([np.full_like(batch.labels, blank), batch.labels], axis=2), (count, 2 * labels)
    )  # without the last blank
    states = np.concatenate([states, np.full((count, 1), blank)], axis=1)
    relative = batch.scores - stop_gradient(np.max(batch.scores, axis=2, keepdims=True))
    emitted = np.take_along_axis(relative, states[:, None, :], axis=2)  # (batch, time, state)
    emitted = np.swapaxes(np.where(emitted <= _LEAST, _LEAST, emitted), 0, 1).astype(np.float64)
    leaps = (states[:, 2:] != states[:, :-2]) & (np.arange(2, 2 * labels + 1) % 2 == 1)
    never = np.full((count, 2), _NEVER, emitted.dtype)

    def step(before: Array, given: tuple[Array, Array]) -> tuple[Array, None]:
        emission, place = given
        from_last = np.concatenate([never[:, :1], before[:, :-1]], axis=1)
        over_blank = np.concatenate([never, np.where(leaps, before[:, :-2], _NEVER)], axis=1)
        after = _added(before, from_last, over_blank) + emission
        return np.where(place < batch.lengths[:, None], after, before), None

    # Before the first step there is one state in front of all, from which the first two are reached.
    reached = np.arange(2 * labels + 1) <= 1
    first = np.where(reached, emitted[0], _NEVER)
    nothing = np.where(np.arange(2 * labels + 1) == 0, np.zeros((), emitted.dtype), _NEVER)
    first = np.where(batch.lengths[:, None] > 0, first, nothing)
    steps = np.arange(1, emitted.shape[0])
    last, _ = scan(step, first, (emitted[1:], steps))
    shares = np.log(np.sum(np.exp(relative), axis=2)).astype(np.float64)  # (batch, time)
    counts = np.arange(shares.shape[1]) < batch.lengths[:, None]
    return _at_the_end(last, batch.label_lengths) - np.sum(np.where(counts, shares, 0), axis=1)


def _added(*logarithms: Array) -> Array:
    """The logarithm of the sum of the exponentials of some arrays of finite numbers."""
    largest = logarithms[0]
    for other in logarithms[1:]:
        largest = np.maximum(largest, other)
    largest = stop_gradient(largest)
    return largest + np.log(sum(np.exp(one - largest) for one in logarithms))


def _at_the_end(last: Array, labels: Array) -> Array:
    """The sequence ends in its last label or in the blank behind it."""
    ends = 2 * labels[:, None]
    blank = np.take_along_axis(last, ends, axis=1)[:, 0]
    label = np.take_along_axis(last, np.maximum(ends - 1, 0), axis=1)[:, 0]
    return _added(blank, np.where(labels > 0, label, _NEVER))
