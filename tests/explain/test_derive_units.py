"""Units: those that follow, those that contradict, and what numbers can absorb."""

import builtins
import sys

import pytest

import glassgrad as gg
from glassgrad.base.errors import UnitsError
from glassgrad.explain.deriving import units as units_module

pytest.importorskip("pint")


def unit(formula: str, units: str, **given: object) -> str | None:
    return gg.derive(formula, units=units, **given).unit  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("formula", "units", "given", "expected"),
    [
        ("p = 101325*exp(-0.0001*h)", "t=s, h=m, p=Pa", {"let": "h = 4000 - 0.5*9.8*t**2"}, "Pa/s"),
        ("s = v*t", "v=m/s, t=s", {"wrt": "t"}, "m/s"),
        ("E = m*c**2", "m=kg, c=m/s", {"wrt": "m"}, "m²/s²"),
        ("x(t) = a*t**2", "t=s, a=m/s**2", {"order": 2}, "m/s²"),
        ("sqrt(A)", "A=m**2, r=m", {}, "1/m"),
        ("y = 3*x", "x=m", {}, None),  # the 3 may carry any unit
        ("atan2(y, x)", "x=m, y=m", {"wrt": "y"}, "1/m"),
        ("abs(x)", "x=m", {}, "1"),
    ],
)
def test_the_unit_of_the_result(formula: str, units: str, given: dict[str, object], expected: str | None) -> None:
    assert unit(formula, units, **given) == expected


def test_a_let_has_the_unit_that_follows() -> None:
    found = gg.derive("K = m*v**2", let="v = s/t", wrt="t", units="m=kg, s=m, t=s").to_dict()
    assert [link["unit"] for link in found["links"]] == ["m/s²", "kg·m/s"]


@pytest.mark.parametrize(
    ("formula", "units", "told"),
    [
        ("t + h", "t=s, h=m", "`t` is in s, `h` in m"),
        ("exp(h)", "h=m", "the argument of exp must be a pure number, and `h` is in m"),
        ("2**t", "t=s", "an exponent must be a pure number"),
        ("a + b", "a=m, b=km", "numbers are not converted"),
        ("sin(alpha)", "alpha=deg", "turns degrees into a pure number"),
        ("y = v*t", "v=m/s, t=s, y=kg", "`y` is given in kg, and its formula is in m"),
        ("Max(t, h)", "t=s, h=m", "compares different units"),
        ("Piecewise((t, t < h), (t, True))", "t=s, h=m", "compares different units"),
        ("x**2", "x=florps", "`florps`, the unit of `x`, is not known"),
    ],
)
def test_contradictions_are_errors(formula: str, units: str, told: str) -> None:
    with pytest.raises(UnitsError) as caught:
        gg.derive(formula, units=units, wrt=units.partition("=")[0])
    assert told in str(caught.value)


def test_a_contradiction_is_shown_in_the_formula() -> None:
    with pytest.raises(UnitsError) as caught:
        gg.derive("5 + (t + h)*2", units="t=s, h=m", wrt="t")
    assert "5 + (t + h)*2\n         ^^^^^" in str(caught.value)


@pytest.mark.parametrize(
    ("formula", "units"),
    [
        ("exp(-0.0001*h)", "h=m"),
        ("4000 - 0.5*9.8*t**2", "t=s"),
        ("sin(2*pi*f*t)", "f=Hz, t=s"),
        ("sin(theta)", "theta=rad"),
        ("ln(p/p0)", "p=Pa, p0=Pa"),
        ("Max(t, 0)", "t=s"),
        ("theta*x", "x=m"),
    ],
)
def test_what_numbers_can_absorb_is_no_contradiction(formula: str, units: str) -> None:
    assert gg.derive(formula, units=units, wrt=units.partition("=")[0]).check.agrees is True


def test_units_stand_on_the_page() -> None:
    text = str(gg.derive("s = v*t", wrt="t", at="v=3, t=2", units="v=m/s, t=s"))
    assert "t = 2 s" in text
    assert "= 6  m" in text


def test_without_pint_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def refuse(name: str, *rest: object) -> object:
        if name == "pint":
            raise ImportError(name)
        return real_import(name, *rest)  # type: ignore[arg-type]

    units_module._registry.cache_clear()
    monkeypatch.delitem(sys.modules, "pint", raising=False)
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(UnitsError, match=r"glassgrad\[units\]"):
        gg.derive("x**2", units="x=m")
    units_module._registry.cache_clear()
