"""Cases for convolution and pooling. The meaning of a convolution is its sum, written out by loops."""

from itertools import product
from typing import Any

import numpy as np

from glassgrad.graph.op import OPS
from tests.table.case import COMPLEX, Case, distinct, integers


def _pairs(space: Any, window: Any, y: Any, *, stride: Any, padding: Any, dilation: Any) -> Any:
    """(position in the input, tap, position in the output) of every product inside of the input."""
    for p, k in product(np.ndindex(*y), np.ndindex(*window)):
        place = [a * s + b * d - low for a, s, b, d, (low, _) in zip(p, stride, k, dilation, padding, strict=True)]
        if all(0 <= i < n for i, n in zip(place, space, strict=True)):
            yield tuple(place), k, p


def _channels(w: Any, groups: int) -> Any:
    """(channel in, channel out, the channel in as the weight counts it)."""
    for o, c in product(range(w[0]), range(w[1])):
        yield o // (w[0] // groups) * w[1] + c, o, c


def _output_space(space: Any, window: Any, *, stride: Any, padding: Any, dilation: Any) -> list[int]:
    return [
        len(range(0, n + low + high - d * (k - 1), s))
        for n, k, s, (low, high), d in zip(space, window, stride, padding, dilation, strict=True)
    ]


def _conv(x: Any, w: Any, *, groups: int, **how: Any) -> Any:
    space = _output_space(x.shape[2:], w.shape[2:], **how)
    y = np.zeros((len(x), len(w), *space), x.dtype)
    for (i, k, p), (c, o, j) in product(_pairs(x.shape[2:], w.shape[2:], space, **how), _channels(w.shape, groups)):
        y[(slice(None), o, *p)] += x[(slice(None), c, *i)] * w[(o, j, *k)]
    return y


def _conv_input(w: Any, y: Any, *, space: Any, groups: int, **how: Any) -> Any:
    x = np.zeros((len(y), w.shape[1] * groups, *space), y.dtype)
    for (i, k, p), (c, o, j) in product(_pairs(space, w.shape[2:], y.shape[2:], **how), _channels(w.shape, groups)):
        x[(slice(None), c, *i)] += w[(o, j, *k)] * y[(slice(None), o, *p)]
    return x


def _conv_weight(x: Any, y: Any, *, window: Any, groups: int, **how: Any) -> Any:
    w = np.zeros((y.shape[1], x.shape[1] // groups, *window), x.dtype)
    for (i, k, p), (c, o, j) in product(_pairs(x.shape[2:], window, y.shape[2:], **how), _channels(w.shape, groups)):
        w[(o, j, *k)] += np.sum(x[(slice(None), c, *i)] * y[(slice(None), o, *p)])
    return w


def _convolutions(
    note: str, x: Any, w: Any, *, stride: Any, padding: Any, dilation: Any, groups: int = 1
) -> list[Case]:
    """The three rows at one geometry."""
    how = {"stride": stride, "padding": padding, "dilation": dilation}
    y = (x[0], w[0], *_output_space(x[2:], w[2:], **how))
    how["groups"] = groups
    return [
        Case("conv", (x, w), how, dtypes=COMPLEX, meaning=_conv, note=note),
        Case("conv_input", (w, y), how | {"space": x[2:]}, dtypes=COMPLEX, meaning=_conv_input, note=note),
        Case("conv_weight", (x, y), how | {"window": w[2:]}, dtypes=COMPLEX, meaning=_conv_weight, note=note),
    ]


CONVOLUTIONS = [
    *_convolutions("line", (2, 2, 5), (3, 2, 2), stride=(1,), padding=((0, 0),), dilation=(1,)),
    *_convolutions("strided", (1, 2, 7), (2, 2, 2), stride=(2,), padding=((1, 2),), dilation=(2,)),
    *_convolutions("grouped", (2, 4, 5), (6, 2, 3), stride=(1,), padding=((1, 1),), dilation=(1,), groups=2),
    *_convolutions("plane", (2, 2, 4, 5), (2, 2, 2, 3), stride=(1, 2), padding=((0, 1), (1, 0)), dilation=(2, 1)),
    *_convolutions("depthwise", (2, 3, 4, 4), (3, 1, 2, 2),
                   stride=(2, 1), padding=((1, 0),) * 2, dilation=(1, 1), groups=3),
    *_convolutions("space", (1, 1, 3, 4, 3), (2, 1, 2, 2, 2),
                   stride=(1, 2, 1), padding=((0, 0), (1, 1), (0, 1)), dilation=(1, 1, 2)),
    *_convolutions("empty", (0, 2, 5), (3, 2, 2), stride=(1,), padding=((0, 0),), dilation=(1,)),
]  # fmt: skip


def _windows(x: Any, window: Any, stride: Any, padding: Any) -> Any:
    """(window's place, its elements in order, their places in the flat input), one example at a time."""
    lead = x.ndim - len(window)
    space = x.shape[lead:]
    positions = _output_space(space, window, stride=stride, padding=padding, dilation=(1,) * len(window))
    shape = (*x.shape[:lead], *positions)
    for out in np.ndindex(*shape):
        places = [
            tuple(a * s + b - low for a, s, b, (low, _) in zip(out[lead:], stride, tap, padding, strict=True))
            for tap in np.ndindex(*window)
        ]
        inside = [place for place in places if all(0 <= i < n for i, n in zip(place, space, strict=True))]
        yield shape, out, [x[(*out[:lead], *place)] for place in inside], inside, space


def _pooled(x: Any, take: Any, dtype: Any, window: Any, stride: Any, padding: Any) -> Any:
    result = None
    for shape, out, values, places, space in _windows(x, window, stride, padding):
        result = np.zeros(shape, dtype) if result is None else result
        result[out] = take(values, places, space)
    return result


def _max_pool(x: Any, **how: Any) -> Any:
    return _pooled(x, lambda values, places, space: max(values), x.dtype, **how)


def _max_places(x: Any, **how: Any) -> Any:
    def place(values: Any, places: Any, space: Any) -> Any:
        return np.ravel_multi_index(places[int(np.argmax(values))], space)

    return _pooled(x, place, np.intp, **how)


def _avg_pool(x: Any, *, count_padding: bool, **how: Any) -> Any:
    whole = np.prod(how["window"])
    return _pooled(
        x, lambda values, places, space: sum(values) / (whole if count_padding else len(values)), x.dtype, **how
    )


_GEOMETRIES = {
    "line": ((2, 6), {"window": (2,), "stride": (2,), "padding": ((0, 0),)}),
    "overlapping": ((2, 5), {"window": (3,), "stride": (1,), "padding": ((1, 1),)}),
    "plane": ((2, 4, 5), {"window": (2, 3), "stride": (1, 2), "padding": ((1, 0), (1, 2))}),
    "space": ((2, 3, 4, 3), {"window": (2, 2, 3), "stride": (1, 2, 1), "padding": ((0, 1), (0, 0), (1, 1))}),
}
POOLING = [
    case
    for note, (shape, how) in _GEOMETRIES.items()
    for case in (
        Case("max_pool", (shape,), how, sample=distinct, meaning=_max_pool, note=note),
        Case("max_places", (shape,), how, sample=distinct, meaning=_max_places, note=note),
        *[
            Case("avg_pool", (shape,), how | {"count_padding": counted}, meaning=_avg_pool, note=f"{note}{counted:d}")
            for counted in (True, False)
        ],
    )
]
_WINDOWS = {"window": (2,), "stride": (2,), "padding": ((0, 0),)}
_TIE = ([np.array([[1.0, 1.0, 0.0, 2.0]])], [np.array([[1.0, 0.0, 0.0, 1.0]])])
TIES = [
    Case(
        "max_pool",
        ((1, 4),),
        _WINDOWS,
        sample=distinct,
        meaning=_max_pool,
        note="tie",
        kinks={kink.when: _TIE for kink in OPS["max_pool"].kinks},
    )
]
TRANSPOSED = [
    Case(
        "avg_pool_input",
        ((2, 3),),
        {"space": (5,), "window": (3,), "stride": (2,), "padding": ((1, 1),), "count_padding": counted},
        note=f"counted{counted:d}",
    )
    for counted in (True, False)
]
PLACES = [
    Case("read_places", ((2, 5), (2, 3)), sample=[(-2.0, 2.0), integers(0, 5)], dtypes=COMPLEX),
    Case("add_places", ((2, 3), (2, 3)), {"size": 5}, sample=[(-2.0, 2.0), integers(0, 5)], dtypes=COMPLEX),
    Case("read_places", ((5,), (3,)), sample=[(-2.0, 2.0), integers(0, 5)], dtypes=COMPLEX, note="line"),
    Case(
        "add_places", ((3,), (3,)), {"size": 2}, sample=[(-2.0, 2.0), np.array([1, 1, 0])], dtypes=COMPLEX, note="line"
    ),
]

CASES = [*TIES, *CONVOLUTIONS, *POOLING, *TRANSPOSED, *PLACES]
