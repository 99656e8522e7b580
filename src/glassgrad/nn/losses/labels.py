"""Targets of classifications: a class for each item as a whole number, or shares of all classes. Floor 6."""

from dataclasses import dataclass

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import DtypeError, OutOfRangeError, ShapeError, UsageError
from glassgrad.nn.losses.arguments import mask_of, scores_of
from glassgrad.nn.rows import Array, as_array, axis_of, known, like


@dataclass(frozen=True, slots=True)
class Cases:
    """Items to classify: scores along an axis of classes, and the class of each item or its shares of all classes."""

    scores: Array  # (*items, class), the axis of classes wherever it is
    axis: int
    labels: Array | None  # (*items), whole numbers from 0; a class that does not exist is out of any range
    shares: Array | None  # like the scores
    mask: Array | None  # (*items)

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return int(self.scores.shape[self.axis])

    @property
    def items(self) -> tuple[int, ...]:
        """The shape of the items."""
        shape = tuple(self.scores.shape)
        return shape[: self.axis] + shape[self.axis + 1 :]

    def along(self, values: Array) -> Array:
        """Values of the items, (*items), with an axis of size 1 for the classes."""
        return np.expand_dims(values, self.axis)

    def picked(self, values: Array) -> Array:
        """Of values like the scores those of the items' own classes: (*items)."""
        return np.squeeze(np.take_along_axis(values, self.along(self.labels), self.axis), self.axis)

    def of_classes(self, values: Array) -> Array:
        """A number for each class, (class,), against the scores."""
        return values.reshape([-1 if place == self.axis else 1 for place in range(self.scores.ndim)])


def cases_of(
    loss: str,
    prediction: Array,
    target: Array,
    axis: int,
    mask: Array | None,
    ignore_index: int | None,
    *,
    labels_only: bool = False,
) -> Cases:
    """Prediction and target of a classification, checked; what does not count is made harmless."""
    x, y = scores_of(loss, prediction), as_array(target)
    if x.ndim == 0:
        raise ShapeError(f"{loss} needs an axis of classes, found a single number as prediction")
    axis = axis_of(x, axis, loss)
    items = x.shape[:axis] + x.shape[axis + 1 :]
    if x.shape[axis] < 2:
        raise ShapeError(
            f"{loss} needs two classes or more, found {x.shape[axis]} along axis {axis} of {show_shape(x.shape)}",
            hint="binary_cross_entropy takes one score for each item; axis=… says where the classes are",
        )
    chosen = mask_of(mask, items)
    if y.shape == x.shape and not labels_only:
        return _with_shares(loss, x, y, axis, chosen, ignore_index)
    if y.shape != items:
        raise ShapeError(
            f"{loss} with a prediction of shape {show_shape(x.shape)} and its classes along axis {axis} needs labels "
            f"of shape {show_shape(items)}"
            + ("" if labels_only else f" or shares of {show_shape(x.shape)}")
            + f", found {show_shape(y.shape)}",
            hint=_how_to_fit(x, y, axis, items),
        )
    if y.dtype.kind not in "iub":
        raise DtypeError(
            f"{loss} takes labels as whole numbers, found {y.dtype}",
            hint="target.astype(int) makes them so; shares of classes have the shape of the prediction",
        )
    return _with_labels(loss, x, y.astype(np.int64), axis, chosen, ignore_index)


def check_weights(loss: str, cases: Cases, weights: Array | None) -> None:
    """An error where the weights of the items are as many as there are classes, and not as many as items."""
    if weights is not None and np.shape(weights) == (cases.classes,) and cases.items[:1] != (cases.classes,):
        raise ShapeError(
            f"{loss} takes weights of its items, {show_shape(cases.items)}, found {show_shape((cases.classes,))}",
            hint=f"class_weights=… are those of the {cases.classes} classes",
        )


def _how_to_fit(x: Array, y: Array, axis: int, items: tuple[int, ...]) -> str:
    if len(y.shape) == len(items) + 1 and y.shape == (*items, 1):
        return "target[..., 0] has that shape"
    for place, size in enumerate(x.shape):
        if place != axis and x.shape[:place] + x.shape[place + 1 :] == y.shape:
            return f"axis={place} takes axis {place} (of size {size}) as that of the classes"
    return "axis=… says which axis of the prediction is that of the classes"


def _with_shares(loss: str, x: Array, y: Array, axis: int, mask: Array | None, ignore_index: int | None) -> Cases:
    if ignore_index is not None:
        raise UsageError(f"{loss} with shares of classes has no labels to ignore", hint="mask=… leaves items out")
    shares = like(y, x.dtype)
    if mask is not None:
        keep = np.expand_dims(mask, axis)
        x, shares = np.where(keep, x, 0), np.where(keep, shares, 0)
    return Cases(x, axis, None, shares, mask)


def _with_labels(loss: str, x: Array, labels: Array, axis: int, mask: Array | None, ignore_index: int | None) -> Cases:
    if ignore_index is not None:
        counts = labels != ignore_index
        mask = counts if mask is None else mask & counts
    if mask is not None:
        labels = np.where(mask, labels, 0)
        x = np.where(np.expand_dims(mask, axis), x, 0)
    _check_range(loss, labels, x.shape[axis])
    # Where the numbers are not known yet, a negative label must not count from the end, as an index would.
    labels = np.where(labels < 0, x.shape[axis], labels)
    return Cases(x, axis, labels, None, mask)


def _check_range(loss: str, labels: Array, classes: int) -> None:
    numbers = known(labels)
    if numbers is None or not numbers.size:
        return
    wrong = (numbers < 0) | (numbers >= classes)
    if not wrong.any():
        return
    place = tuple([int(index) for index in np.argwhere(wrong)[0]])
    label = int(numbers[place])
    if label < 0:
        hint = f"ignore_index={label} leaves such items out"
    elif numbers.min() == 1 and numbers.max() == classes:
        hint = "labels count from 0: target - 1"
    else:
        hint = f"the prediction has {classes} classes; is their axis the right one?"
    raise OutOfRangeError(
        f"{loss} takes labels from 0 to {classes - 1}, found {label}" + (f" at {place}" if place else ""), hint=hint
    )
