"""The processor that code is made for: this one, or a level of the x86-64 psABI that it has all of."""

import os
import subprocess
import sys
import textwrap
from types import SimpleNamespace

import numpy as np
import pytest

from glassgrad.engines.cpu.native import target as targets
from glassgrad.engines.cpu.native.target import LEVELS, VARIABLE, Target

ALL = ",".join(f"+{feature}" for feature in sorted(LEVELS["x86-64-v3"] | {"aes"})) + ",-avx512f"


@pytest.fixture
def on(monkeypatch):
    """A function of the variable's value that tells the target, on a processor with AVX2."""

    def chosen(name):
        monkeypatch.setenv(VARIABLE, name)
        monkeypatch.setattr(targets.llvm, "get_host_cpu_name", lambda: "znver3")
        monkeypatch.setattr(targets.llvm, "get_host_cpu_features", lambda: SimpleNamespace(flatten=lambda: ALL))
        return targets.target.__wrapped__()

    return chosen


@pytest.mark.parametrize("name", ["", "host", " Host "])
def test_this_processor_with_all_it_can_do_unless_said_otherwise(on, name):
    assert on(name) == Target("znver3", ALL)


def test_a_level_has_its_own_features_and_those_of_the_levels_below(on):
    assert list(LEVELS.values()) == sorted(LEVELS.values(), key=len)
    assert LEVELS["x86-64"] < LEVELS["x86-64-v2"] < LEVELS["x86-64-v3"] < LEVELS["x86-64-v4"]
    assert on("x86-64-v2").name == "x86-64-v2"
    assert "+sse4.1" in on("x86-64-v2").features.split(",")
    assert "avx" not in on("x86-64-v2").features
    assert {"+avx2", "+fma", "+sse2"} <= set(on("X86-64-V3").features.split(","))


def test_a_level_that_this_processor_has_not_is_left_aside(on):
    with pytest.warns(RuntimeWarning, match=r"x86-64-v4.* no effect.* \(znver3\) has no avx512bw, avx512cd"):
        assert on("x86-64-v4") == Target("znver3", ALL)


def test_a_name_that_says_nothing_is_left_aside(on):
    with pytest.warns(RuntimeWarning, match=r"'haswell' is no processor .* host, x86-64, x86-64-v2"):
        assert on("haswell") == Target("znver3", ALL)


def run(text, level):
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(text)],
        env=os.environ | {VARIABLE: level, "GLASSGRAD_CACHE": "off"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    return found.stdout.split()


def available(level):
    return targets._those_had(targets.target.__wrapped__()) >= LEVELS[level]


@pytest.mark.parametrize(("level", "registers"), [("x86-64", "xmm"), ("x86-64-v3", "ymm"), ("x86-64-v4", "zmm")])
def test_code_keeps_to_the_registers_of_its_level(level, registers):
    if not available(level):
        pytest.skip("a processor that has less")
    text = """
        import re
        import numpy as np, glassgrad as gg
        rows, columns = np.linspace(-1.0, 1.0, 4000).reshape(50, 80), np.linspace(0.0, 2.0, 4800).reshape(80, 60)
        function = gg.jit(lambda x, y: np.sum(np.tanh(x @ y) / np.exp(x[:, :60]), axis=0))
        found = function(rows, columns)
        assert np.allclose(found, np.sum(np.tanh(rows @ columns) / np.exp(rows[:, :60]), axis=0), rtol=1e-12)
        print(*sorted(set(re.findall("[xyz]mm", function.inspect(rows, columns).assembly()))))
    """
    used = run(text, level)
    assert used[-1] == registers


@pytest.mark.parametrize(("level", "reads"), [("x86-64-v3", True), ("x86-64-v4", False)])
def test_coefficients_stay_in_memory_where_registers_are_few(level, reads):
    if not available(level):
        pytest.skip("a processor that has less")
    text = """
        import re
        import numpy as np, glassgrad as gg
        x = np.linspace(-1.0, 1.0, 4096)
        function = gg.jit(np.exp)
        assert np.allclose(function(x), np.exp(x), rtol=1e-14)
        print(len(re.findall("vfmadd.*glassgrad[.]c[.].*rip", function.inspect(x).assembly())))
    """
    (count,) = map(int, run(text, level))
    assert (count > 0) == reads


@pytest.mark.skipif(np.finfo(np.longdouble).nmant != 63, reason="long double is not longer than double here")
@pytest.mark.parametrize("level", ["x86-64", "x86-64-v2"])
def test_the_maths_is_as_accurate_without_multiply_adds(level):
    if not available(level):
        pytest.skip("a processor that has less")
    text = """
        import numpy as np
        from benchmarks.maths.arrays import native
        from benchmarks.maths.points import points
        from benchmarks.maths.references import long_double, units
        random = np.random.default_rng(5)
        for name in ("exp", "tanh", "log", "sin", "sinh", "arcsinh", "cbrt", "log1p"):
            for dtype in ("float64", "float32"):
                given = points(name, dtype, 2000, random)
                with np.errstate(all="ignore"):
                    print(units(native(name, dtype)(*given), long_double(name, *given), 0.0).max())
    """
    assert all(float(error) <= 2.0 for error in run(text, level))
