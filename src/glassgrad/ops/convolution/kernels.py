"""The kernels of convolution in plain NumPy: windows as a view, then one matrix product. Floor 2.

They are copied into generated source as they stand, so they need `np` and one another alone. The windows are laid out
for a block of examples at a time, so that memory stays small.
"""

import numpy as np


def windows_of(
    x: np.ndarray,
    window: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    fill: float = 0,
) -> np.ndarray:
    """Every window over the last axes of x, (*lead, *positions, *window), with `fill` in the padding."""
    lead = x.ndim - len(window)
    if any(low or high for low, high in padding):
        space = [n + low + high for n, (low, high) in zip(x.shape[lead:], padding, strict=True)]
        padded = np.full((*x.shape[:lead], *space), fill, x.dtype)
        inside = [slice(low, low + n) for n, (low, _) in zip(x.shape[lead:], padding, strict=True)]
        padded[tuple([slice(None)] * lead + inside)] = x
        x = padded
    spans = [step * (taps - 1) + 1 for taps, step in zip(window, dilation, strict=True)]
    windows = np.lib.stride_tricks.sliding_window_view(x, spans, axis=tuple(range(lead, x.ndim)))
    return windows[tuple([slice(None, None, step) for step in (*[1] * lead, *stride, *dilation)])]


def blocks_of(count: int, size: int) -> list[slice]:
    """Slices that cover `count` examples, each with at most two million elements where an example has `size`."""
    step = max(1, 2_000_000 // max(size, 1))
    return [slice(start, start + step) for start in range(0, count, step)]


def laid_out(windows: np.ndarray, groups: int) -> np.ndarray:
    """Windows (batch, channel, *positions, *window) as matrices (batch, group, channel in group × taps, positions)."""
    axes = (windows.ndim - 2) // 2
    taps_first = np.moveaxis(windows, range(-axes, 0), range(2, 2 + axes))
    taps = np.prod(windows.shape[-axes:], dtype=int)
    positions = np.prod(windows.shape[2:-axes], dtype=int)
    return taps_first.reshape(len(windows), groups, windows.shape[1] // groups * taps, positions)


def convolution(
    x: np.ndarray,
    w: np.ndarray,
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    groups: int,
) -> np.ndarray:
    """y[n, o, p] = Σ x[n, c, p·stride + k·dilation − pad] w[o, c, k], over channels c and taps k."""
    windows = windows_of(x, w.shape[2:], stride, padding, dilation)
    positions = windows.shape[2 : w.ndim]
    depth, count = np.prod(w.shape[1:], dtype=int), np.prod(positions, dtype=int)
    weights = w.reshape(groups, len(w) // groups, depth)  # (group, channel out, channel in × taps)
    y = np.empty((len(x), groups, len(w) // groups, count), w.dtype)
    for block in blocks_of(len(x), groups * depth * count):
        np.matmul(weights, laid_out(windows[block], groups), out=y[block])
    return y.reshape(len(x), len(w), *positions)


def convolution_weight(
    x: np.ndarray,
    y: np.ndarray,
    window: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    groups: int,
) -> np.ndarray:
    """w[o, c, k] = Σ x[n, c, p·stride + k·dilation − pad] y[n, o, p], over examples n and positions p."""
    windows = windows_of(x, window, stride, padding, dilation)
    rows, columns = y.shape[1] // groups, x.shape[1] // groups
    depth, count = columns * np.prod(window, dtype=int), np.prod(y.shape[2:], dtype=int)
    outputs = y.reshape(len(y), groups, rows, count)
    w = np.zeros((groups, rows, depth), x.dtype)
    for block in blocks_of(len(x), groups * depth * max(rows, count)):
        products = outputs[block] @ laid_out(windows[block], groups).swapaxes(-1, -2)
        w += np.sum(products, axis=0, dtype=x.dtype)
    return w.reshape(y.shape[1], columns, *window)


def convolution_input(
    w: np.ndarray,
    y: np.ndarray,
    space: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    groups: int,
) -> np.ndarray:
    """x[n, c, p·stride + k·dilation − pad] = Σ w[o, c, k] y[n, o, p], over channels o, taps k and positions p."""
    window, positions = w.shape[2:], y.shape[2:]
    rows = len(w) // groups
    depth, count = np.prod(w.shape[1:], dtype=int), np.prod(positions, dtype=int)
    weights = w.reshape(groups, rows, depth).swapaxes(-1, -2)  # (group, channel in × taps, channel out)
    outputs = y.reshape(len(y), groups, rows, count)
    padded = [n + low + high for n, (low, high) in zip(space, padding, strict=True)]
    x = np.zeros((len(y), groups * w.shape[1], *padded), y.dtype)
    for block in blocks_of(len(y), groups * depth * count):
        products = weights @ outputs[block]
        parts = products.reshape(len(products), x.shape[1], *window, *positions)
        parts = np.moveaxis(parts, range(2, w.ndim), range(len(window)))  # (*window, batch, channel, *positions)
        for tap in np.ndindex(*window):
            places = [
                slice(k * gap, k * gap + (size - 1) * step + 1, step)
                for k, gap, size, step in zip(tap, dilation, positions, stride, strict=True)
            ]
            x[(block, slice(None), *places)] += parts[tap]
    inside = [slice(low, low + n) for n, (low, _) in zip(space, padding, strict=True)]
    return x[(slice(None), slice(None), *inside)]
