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
