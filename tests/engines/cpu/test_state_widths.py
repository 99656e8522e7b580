"""Loops whose state has any number of elements: kept in registers, with the parameters' gradient put together there."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.api.compile import Compiled
from glassgrad.engines.cpu.native.compiler import optimised_text

WIDTHS = [*range(1, 18), 24, 31, 32, 33]


def step(state, x, w):
    """Elements meet, so that the state is one piece; the two rows of `w` get their gradients one after the other."""
    return np.tanh(x * w[0]) * np.tanh(state[::-1] * w[1]) + state


def scanned(w, xs):
    last, records = gg.scan(lambda s, x: (step(s, x, w), s * w[0]), np.ones(w.shape[1], w.dtype), xs)
    return np.sum(last) + np.sum(records)


def counted(w, xs):
    return np.sum(gg.fori_loop(0, 5, lambda i, s: step(s, xs[i], w), np.ones(w.shape[1], w.dtype)))


def open_ended(w, xs):
    start = np.array(0, np.int32), np.ones(w.shape[1], w.dtype)
    return np.sum(gg.while_loop(lambda c: c[0] < 5, lambda c: (c[0] + 1, step(c[1], xs[0], w)), start)[1])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("count", WIDTHS)
@pytest.mark.parametrize("loop", [scanned, counted, open_ended])
def test_a_state_of_any_width_and_its_gradient(loop, count, dtype):
    rng = np.random.default_rng(count)
    w, xs = rng.normal(size=(2, count)).astype(dtype), rng.normal(size=(7, count)).astype(dtype)
    function = gg.value_and_grad(loop)
    with gg.settings(engine="cpu"):
        compiled = gg.jit(function)
        found = compiled(w, xs)
    with gg.settings(engine="reference"):
        expected = gg.jit(function)(w, xs)
    tolerance = 1e-10 if dtype is np.float64 else 2e-4
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)
    (version,) = compiled.cache.values()
    assert isinstance(version, Compiled)  # and did not fall back to the reference engine
    assert not version.program.module.host


ROOM = """
declare void @llvm.lifetime.start.p0(ptr)

define void @f(ptr %i, ptr %o) {{
  %r = alloca [{size} x i8], align 64
  call void @llvm.lifetime.start.p0(ptr %r)
  %q = getelementptr i8, ptr %r, i64 {half}
  %g = load <{n} x double>, ptr %i
  %y = fmul <{n} x double> %g, %g
  store <{n} x double> %y, ptr %q
  %x = fadd <{n} x double> %g, %g
  store <{n} x double> %x, ptr %r
  %z = load <{m} x double>, ptr %r
  store <{m} x double> %z, ptr %o
  ret void
}}
"""


@pytest.mark.parametrize("count", [2, 3, 4, 5, 8])
def test_a_room_filled_from_behind_becomes_a_register(count):
    """LLVM 22 made a program of this that uses %x before it is there; `rooms.py` keeps it from that."""
    text = optimised_text(ROOM.format(n=count, m=2 * count, half=8 * count, size=16 * count))
    lines = [line.strip() for line in text.splitlines()]
    first = next(place for place, line in enumerate(lines) if line.startswith("%x ="))
    assert not any("alloca" in line for line in lines)
    assert all("%x" not in line for line in lines[:first])
