"""What is done to the first weights: "normal 5", "biases -8", "0 zeros" of the first layer alone."""

import math

import numpy as np


def changed(
    value: np.ndarray, place: int, name: str, fan_in: int, init: tuple[str, ...], random: np.random.Generator
) -> np.ndarray | None:
    """The new value of a parameter of the layer at a place, or None where it stays as it is."""
    found = None
    for rule in init:
        words = rule.split()
        if words[0].isdigit() and int(words.pop(0)) != place:
            continue
        kind, *numbers = words[0], *[float(word) for word in words[1:]]
        is_matrix = value.ndim > 1
        if kind == "biases":
            found = np.full(value.shape, numbers[0]) if "bias" in name else found
        elif is_matrix:
            found = _drawn(kind, numbers, value, fan_in, random)
        elif kind == "glorot" and "bias" in name:
            found = np.zeros(value.shape)
    return None if found is None else found.astype(value.dtype)


def _drawn(kind: str, numbers: list[float], value: np.ndarray, fan_in: int, random: np.random.Generator) -> np.ndarray:
    shape = value.shape
    match kind:
        case "zeros":
            return np.zeros(shape)
        case "constant":
            return np.full(shape, numbers[0])
        case "normal":
            return random.normal(size=shape) * numbers[0]
        case "uniform":
            return random.uniform(-numbers[0], numbers[0], shape)
        case "from_zero":
            return random.uniform(size=shape) * numbers[0]
        case "times":
            return value * numbers[0]
        case "glorot":
            window = math.prod(shape[2:])
            return random.uniform(-1, 1, shape) * math.sqrt(6 / ((shape[0] + shape[1]) * window))
        case "he":
            return random.normal(size=shape) * math.sqrt(2 / fan_in)
    raise ValueError(f"no way to draw weights is called {kind!r}")
