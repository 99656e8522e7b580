"""Random small programs, written as text and read back: their generated source agrees with `grad`."""

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

import glassgrad as gg
from tests.engines.running import assert_source_is_right, function_from

NAMES = ("x", "w", "a", "b", "c", "h")
# Lines of a program over arrays of shape (2, 3); {t} is set, {p} and {q} are read.
LINES = (
    "{t} = {p} * {q}",
    "{t} = {p} + {q}",
    "{t} = {p} - 2 * {q}",
    "{t} = {p} / (1 + {q} ** 2)",
    "{t} = np.tanh({p})",
    "{t} = 1 / (1 + np.exp(-{p}))",
    "{t} = np.sin({p}) * {q}.sum(axis=1, keepdims=True)",
    "{t} = {p} - {q}.mean(axis=0)",
    "{t} = ({p} @ {q}.T) @ {q} * 0.1",
    "{t} = np.where({p} > {q}, {p}, 0.5 * {q})",
    "{t} = np.maximum({p}, {q} + 0.01)",
    "{t} = {p}[:, ::-1] + {q}",
    "{t} = np.concatenate([{p}[:1], {q}[1:]])",
    "{t} = {p} * np.sqrt(1 + {q}[0] ** 2)",
    "{p} += {q}",
    "{p} *= 0.5",
    "{t} = {p}.copy(); {t}[0] = {q}[1]",
    "{t}, {q} = {q} * 1.5, {p}",
    "for i in range(2): {t} = np.cos({p}) + i * {q}",
)
# The first two arguments are never changed in place, so that the program may be run again.
line = st.tuples(
    st.sampled_from(LINES), st.sampled_from(NAMES[2:]), st.sampled_from(NAMES[2:]), st.sampled_from(NAMES[2:])
)


@settings(max_examples=60)
@given(st.lists(line, min_size=1, max_size=8), st.integers(0, 10_000))
def test_source_of_random_programs(lines: list[tuple[str, str, str, str]], seed: int) -> None:
    body = ["a = x * 1.1", "b = w + 0.3", "c = x - w", "h = np.sin(x)"]
    body += [pattern.format(t=t, p=p, q=q) for pattern, t, p, q in lines]
    text = "def f(x, w):\n" + "".join(f"    {part}\n" for part in body) + "    return np.sum(a * b) + np.mean(c * h)\n"
    f = function_from(text, f"<program {abs(hash(text))}>")
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
    assert_source_is_right(f, x, w, wrt=["x", "w"], argnums=(0, 1), tolerance=1e-8)
    derivation = gg.explain(f, x, w, wrt="w")
    assert derivation.check.agrees is not False
    assert max(len(line) for line in str(derivation).splitlines()) <= 80
