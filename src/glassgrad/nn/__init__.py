"""Networks: layers are dataclasses and trees, models are layers, and `model(x)` is ordinary NumPy code."""

from glassgrad.nn.calls import Observer, Pass, current, evaluating, observing, training
from glassgrad.nn.dropout import Dropout
from glassgrad.nn.keys import as_key
from glassgrad.nn.layer import Array, Layer, state, static

__all__ = [
    "Array",
    "Dropout",
    "Layer",
    "Observer",
    "Pass",
    "as_key",
    "current",
    "evaluating",
    "observing",
    "state",
    "static",
    "training",
]
