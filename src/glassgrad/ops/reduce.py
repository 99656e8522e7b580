"""Reductions other than the sum. Floor 2."""

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.graph.node import Node, make
from glassgrad.graph.op import Shifted, op
from glassgrad.ops.structure import axis_text, reduced_shape


def _logical_aval(x: Aval, axes: tuple[int, ...]) -> Aval:
    return Aval(reduced_shape(x.shape, axes), np.dtype(bool))


ANY = op("any", "x -> y", infer=_logical_aval, numpy=lambda x, axes: axis_text(x, axes, "np.any"),
         batching=Shifted(axes=("axes",)), rule="no derivative: true or false")
ALL = op("all", "x -> y", infer=_logical_aval, numpy=lambda x, axes: axis_text(x, axes, "np.all"),
         batching=Shifted(axes=("axes",)), rule="no derivative: true or false")


def any_over(x: Node, axes: tuple[int, ...]) -> Node:
    """Is any element along these axes true?"""
    return make(ANY, (x,), (("axes", axes),))


def all_over(x: Node, axes: tuple[int, ...]) -> Node:
    """Are all elements along these axes true?"""
    return make(ALL, (x,), (("axes", axes),))
