"""Numbers as a person reads them. Floor 7."""

import math


def percent(share: float) -> str:
    """A share as a percentage.

    >>> percent(0.9741), percent(1.0), percent(0.5)
    ('97.4 %', '100 %', '50 %')
    """
    if not math.isfinite(share):
        return "–"
    return f"{100 * share:.1f}".removesuffix(".0") + " %"


def number(value: float) -> str:
    """A number with as many digits as one reads.

    >>> number(0.123456), number(54321.6), number(float("nan"))
    ('0.1235', '54,322', '–')
    """
    value = float(value)
    if not math.isfinite(value):
        return "–"
    if value == 0 or 1e-4 <= abs(value) < 1e4:
        return f"{value:.4g}".replace("-", "−")
    return (f"{value:,.0f}" if abs(value) < 1e9 and abs(value) >= 1e4 else f"{value:.3g}").replace("-", "−")


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def power_of_ten(exponent: int) -> str:
    """A power of ten as it is written at an axis, small ones as fractions.

    >>> power_of_ten(0), power_of_ten(-1), power_of_ten(-3), power_of_ten(-9), power_of_ten(2)
    ('1', '1/10', '1/1000', '10⁻⁹', '100')
    """
    if -3 <= exponent < 0:
        return f"1/{10**-exponent}"
    return str(10**exponent) if 0 <= exponent <= 3 else f"10{str(exponent).translate(_RAISED)}"


def factor(decades: float) -> str:
    """Ten to the power of `decades`, a factor that a person can compare.

    >>> factor(-0.5), factor(-2.5), factor(-9.52), factor(1.2), factor(7.0), factor(-math.inf)
    ('0.32', '1/320', '3·10⁻¹⁰', '16', '10⁷', '0')
    """
    if math.isnan(decades):
        return "–"
    if math.isinf(decades):
        return "0" if decades < 0 else "∞"
    if -1 <= decades < 4:
        value = float(f"{10**decades:.2g}")
        return f"{value:,.0f}" if value >= 10 else f"{value:g}"
    if -4 < decades < -1:
        return f"1/{float(f'{10**-decades:.2g}'):,.0f}"
    exponent = math.floor(decades + math.log10(1 / 0.95))  # 9.6 would be rounded to 10
    digit = max(1, round(10 ** (decades - exponent)))
    return (f"{digit}·" if digit > 1 else "") + f"10{str(exponent).translate(_RAISED)}"


def duration(seconds: float) -> str:
    """A time in a unit that reads well, never rounded to nothing.

    >>> [duration(seconds) for seconds in (0.0123, 4.34, 130.0, 7300.0)]
    ['0.012 s', '4.3 s', '2 min', '2.0 h']
    """
    if seconds < 1:
        return f"{max(seconds, 0.0):.2g} s"
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
