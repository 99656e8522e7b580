"""Makes `emit/maths/coefficients.py`: minimax polynomials of the CPU engine's vector maths, by Remez' exchange.

Each entry approximates g(t) on an interval so that the greatest |weight(t) · (g(t) − polynomial(t))| is smallest;
the weight turns the polynomial's error into the relative error of the function that uses it. Formats: f64, f32, and
`short` for float32 functions that are computed in float64.
Run `python scripts/maths_coefficients.py` to write the file, with `--check NAME …` to compare entries with it.
"""

import ast
import struct
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mpmath import mp, mpf

TARGET = Path(__file__).parents[1] / "src/glassgrad/engines/cpu/emit/maths/coefficients.py"
Function = Callable[[mpf], mpf]
mp.dps = 60


@dataclass(frozen=True, slots=True)
class Fit:
    """One polynomial: g on [lower, upper], weighted, with its degree in each format."""

    about: str
    g: Function
    lower: mpf | float
    upper: mpf | float
    weight: Function
    degrees: dict[str, int]


def even(f: Function, terms: list[mpf], next_term: mpf) -> Function:
    """Gives z -> (f(√z)/√z − terms…)/z^n for an odd f: the tail of its series after known terms."""

    def tail(z: mpf) -> mpf:
        if z < mpf(10) ** -18:
            return next_term
        s = mp.sqrt(z)
        return (f(s) / s - sum(c * z**k for k, c in enumerate(terms))) / z ** len(terms)

    return tail


def tail_at_zero(f: Function, terms: list[mpf], next_term: mpf) -> Function:
    """Gives r -> (f(r) − terms…)/r^n: the tail of a series after known terms."""

    def tail(r: mpf) -> mpf:
        if abs(r) < mpf(10) ** -18:
            return next_term
        return (f(r) - sum(c * r**k for k, c in enumerate(terms))) / r ** len(terms)

    return tail


# ---------------------------------------------------------------------------- what is approximated
HALF_LN2 = mp.log(2) / 2 * mpf("1.001")
LOG_Z = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2 * mpf("1.001")
QUARTER_PI_SQUARED = (mp.pi / 4 * mpf("1.01")) ** 2
ROOT = mp.findroot(mp.digamma, mpf("1.4616"))


def one(_: mpf) -> mpf:
    return mpf(1)


def stirling_tail(z: mpf) -> mpf:
    if z < mpf(10) ** -14:
        return mpf(1) / 12 - z / 360
    x = 1 / mp.sqrt(z)
    return (mp.loggamma(x) - (x - mpf("0.5")) * mp.log(x) + x - mp.log(2 * mp.pi) / 2) * x


def digamma_tail(z: mpf) -> mpf:
    if z < mpf(10) ** -14:
        return mpf(1) / 12 - z / 120
    x = 1 / mp.sqrt(z)
    return (mp.log(x) - 1 / (2 * x) - mp.digamma(x)) * x * x


def erfcx_times_line(t: mpf) -> mpf:
    x = 2 * (1 + t) / (1 - t)
    return (x + 2) * mp.exp(x * x) * mp.erfc(x)


def erf_tail_weight(t: mpf) -> mpf:
    x = 2 * (1 + t) / (1 - t)
    return mp.exp(-x * x) / (x + 2)


def digamma_over_root(u: mpf) -> mpf:
    x = u + mpf("1.5")
    return mp.digamma(x) / (x - ROOT)


FITS = {
    "EXP": Fit(
        "(exp(r) - 1 - r)/r^2, |r| <= ln2/2",
        tail_at_zero(mp.exp, [mpf(1), mpf(1)], mpf(1) / 2),
        -HALF_LN2, HALF_LN2, lambda r: abs(r) + mpf(10) ** -30, {"f64": 9, "f32": 4, "short": 5},
    ),
    "EXP_ABOVE": Fit(
        "(exp(r) - 1 - r)/r^2, -1/50 <= r <= 0.68: the error of exp(r) - 1",
        tail_at_zero(mp.exp, [mpf(1), mpf(1)], mpf(1) / 2),
        mpf("-0.02"), mpf("0.68"), lambda r: abs(r * r / mp.expm1(r)) if r else mpf(0), {"f64": 9, "f32": 4},
    ),
    "EXP_STEP": Fit(
        "(exp(r) - 1 - r)/r^2, |r| <= ln2/32: beside a table of 2^(j/16)",
        tail_at_zero(mp.exp, [mpf(1), mpf(1)], mpf(1) / 2),
        -HALF_LN2 / 16, HALF_LN2 / 16, lambda r: r * r + mpf(10) ** -30, {"f64": 4, "f32": 1, "short": 2},
    ),
    "EXP2": Fit(
        "(2^r - 1)/r, |r| <= 1/2",
        tail_at_zero(lambda r: mp.power(2, r), [mpf(1)], mp.log(2)),
        mpf("-0.5"), mpf("0.5"), lambda r: abs(r) + mpf(10) ** -30, {"f64": 10, "f32": 5},
    ),
    "LOG": Fit(
        "2 (atanh(s)/s - 1)/z, z = s^2, |s| <= 3 - 2 sqrt(2)",
        even(lambda s: 2 * mp.atanh(s), [mpf(2)], mpf(2) / 3),
        mpf(0), LOG_Z, lambda z: z + mpf(10) ** -30, {"f64": 6, "f32": 2, "short": 3},
    ),
    "LOG_LONG": Fit(
        "2 (atanh(s)/s - 1 - z/3)/z^2, z = s^2, |s| <= 3 - 2 sqrt(2): for the logarithm in two parts",
        even(lambda s: 2 * mp.atanh(s), [mpf(2), mpf(2) / 3], mpf(2) / 5),
        mpf(0), LOG_Z, lambda z: z * z + mpf(10) ** -30, {"f64": 7},
    ),
    "ATANH": Fit(
        "(atanh(s)/s - 1)/z, z = s^2, |s| <= 1/4",
        even(mp.atanh, [mpf(1)], mpf(1) / 3),
        mpf(0), mpf("0.0626"), lambda z: z + mpf(10) ** -30, {"f64": 8, "f32": 3},
    ),
    "SIN": Fit(
        "(sin(r)/r - 1)/z, z = r^2, |r| <= pi/4",
        even(mp.sin, [mpf(1)], -mpf(1) / 6),
        mpf(0), QUARTER_PI_SQUARED, lambda z: z + mpf(10) ** -30, {"f64": 5, "f32": 2},
    ),
    "COS": Fit(
        "(cos(r) - 1 + z/2)/z^2, z = r^2, |r| <= pi/4",
        lambda z: mpf(1) / 24 if z < mpf(10) ** -16 else (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2,
        mpf(0), QUARTER_PI_SQUARED, lambda z: z * z + mpf(10) ** -30, {"f64": 5, "f32": 2},
    ),
    "ARCTAN": Fit(
        "(atan(x)/x - 1)/z, z = x^2, |x| <= 1",
        even(mp.atan, [mpf(1)], -mpf(1) / 3),
        mpf(0), mpf(1), lambda z: z + mpf(10) ** -30, {"f64": 19, "f32": 9},
    ),
    "ARCSIN": Fit(
        "(asin(x)/x - 1)/z, z = x^2, |x| <= 1/2",
        even(mp.asin, [mpf(1)], mpf(1) / 6),
        mpf(0), mpf("0.2501"), lambda z: z + mpf(10) ** -30, {"f64": 12, "f32": 4},
    ),
    "SINH": Fit(
        "(sinh(r)/r - 1)/z, z = r^2, |r| <= ln2/2",
        even(mp.sinh, [mpf(1)], mpf(1) / 6),
        mpf(0), HALF_LN2**2, lambda z: z + mpf(10) ** -30, {"f64": 4, "f32": 2},
    ),
    "COSH": Fit(
        "(cosh(r) - 1 - z/2)/z^2, z = r^2, |r| <= ln2/2",
        lambda z: mpf(1) / 24 if z < mpf(10) ** -16 else (mp.cosh(mp.sqrt(z)) - 1 - z / 2) / z**2,
        mpf(0), HALF_LN2**2, lambda z: z * z + mpf(10) ** -30, {"f64": 3, "f32": 1},
    ),
    "ARCSINH": Fit(
        "(asinh(x)/x - 1)/z, z = x^2, |x| <= 1/2",
        even(mp.asinh, [mpf(1)], -mpf(1) / 6),
        mpf(0), mpf("0.2501"), lambda z: z + mpf(10) ** -30, {"f64": 11, "f32": 4},
    ),
    "ERF": Fit(
        "erf(x)/x - 1, z = x^2, |x| <= 1",
        lambda z: 2 / mp.sqrt(mp.pi) - 1 if z == 0 else mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1,
        mpf(0), mpf("1.001"), one, {"f64": 13, "f32": 7, "short": 7},
    ),
    "ERFCX": Fit(
        "(x + 2) exp(x^2) erfc(x), t = (x - 2)/(x + 2), 1/2 <= x <= 28",
        erfcx_times_line, mpf("-0.601"), mpf(26) / 30, lambda t: 1 / erfcx_times_line(t),
        {"f64": 22, "short": 9},
    ),
    "ERF_TAIL": Fit(
        "(x + 2) exp(x^2) erfc(x), t = (x - 2)/(x + 2), 1 <= x <= 6; the error of erf",
        erfcx_times_line, -mpf(1) / 3, mpf(1) / 2, erf_tail_weight, {"f64": 11, "f32": 4},
    ),
    "GAMMALN": Fit(
        "lgamma(2 + f)/f, |f| <= 1/2",
        lambda f: 1 - mp.euler if abs(f) < mpf(10) ** -30 else mp.loggamma(2 + f) / f,
        mpf("-0.5"), mpf("0.5"), one, {"f64": 19, "short": 9},
    ),
    "STIRLING": Fit(
        "x (lgamma(x) - (x - 1/2) log(x) + x - log(2 pi)/2), z = 1/x^2, x >= 6",
        stirling_tail, mpf(0), mpf(1) / 36, one, {"f64": 6, "short": 2},
    ),
    "DIGAMMA": Fit(
        "digamma(u + 3/2)/(u + 3/2 - root), |u| <= 1/2",
        digamma_over_root, mpf("-0.5"), mpf("0.5"), one, {"f64": 21, "short": 10},
    ),
    "DIGAMMA_FAR": Fit(
        "x^2 (log(x) - 1/(2 x) - digamma(x)), z = 1/x^2, x >= 6",
        digamma_tail, mpf(0), mpf(1) / 36, one, {"f64": 7, "short": 2},
    ),
    "INVERSE_CUBE_ROOT": Fit(
        "m^(-1/3), 1 <= m <= 2: where Newton's steps begin",
        lambda m: mp.power(m, mpf(-1) / 3), mpf(1), mpf(2), one, {"f64": 5, "f32": 3},
    ),
}  # fmt: skip


# ---------------------------------------------------------------------------- Remez' exchange on a grid
def minimax(fit: Fit, degree: int) -> list[mpf]:
    """The coefficients of the polynomial with the smallest greatest weighted error, lowest power first."""
    lower, upper = mpf(fit.lower), mpf(fit.upper)
    size = 24 * (degree + 2)
    grid = [(lower + upper) / 2 - (upper - lower) / 2 * mp.cos(mp.pi * i / size) for i in range(size + 1)]
    values = [fit.g(t) for t in grid]
    weights = [fit.weight(t) for t in grid]
    chosen = [round(i * size / (degree + 1)) for i in range(degree + 2)]
    coefficients: list[mpf] = []
    for _ in range(30):
        rows = mp.matrix(degree + 2, degree + 2)
        right = mp.matrix(degree + 2, 1)
        for row, i in enumerate(chosen):
            for power in range(degree + 1):
                rows[row, power] = grid[i] ** power
            rows[row, degree + 1] = (-1) ** row / weights[i]
            right[row] = values[i]
        solution = mp.lu_solve(rows, right)
        coefficients = [solution[k] for k in range(degree + 1)]
        errors = [w * (v - horner(coefficients, t)) for t, v, w in zip(grid, values, weights, strict=True)]
        following = alternation(errors, degree + 2)
        if following == chosen:
            break
        chosen = following
    return coefficients


def alternation(errors: list[mpf], wanted: int) -> list[int]:
    """The places of the greatest errors of alternating sign."""
    places: list[int] = []
    for i, error in enumerate(errors):
        if places and (error > 0) == (errors[places[-1]] > 0):
            if abs(error) > abs(errors[places[-1]]):
                places[-1] = i
        else:
            places.append(i)
    while len(places) > wanted:
        places.pop(0 if abs(errors[places[0]]) < abs(errors[places[-1]]) else -1)
    if len(places) < wanted:
        message = "the errors alternate too rarely; lower the degree or raise mp.dps"
        raise ValueError(message)
    return places


def horner(coefficients: list[mpf], t: mpf) -> mpf:
    result = mpf(0)
    for c in reversed(coefficients):
        result = result * t + c
    return result


def rounded(number: mpf, form: str) -> float:
    """The nearest number of the format."""
    double = float(number)
    return double if form != "f32" else float(struct.unpack("<f", struct.pack("<f", double))[0])


def entry(name: str) -> tuple[dict[str, tuple[float, ...]], dict[str, float]]:
    """The rounded coefficients of one fit in each format, and their greatest weighted error."""
    fit = FITS[name]
    table, errors = {}, {}
    for form, degree in fit.degrees.items():
        table[form] = tuple(rounded(c, form) for c in minimax(fit, degree))
        lower, upper = mpf(fit.lower), mpf(fit.upper)
        points = [lower + (upper - lower) * i / 400 for i in range(401)]
        kept = [mpf(c) for c in table[form]]
        errors[form] = float(max(fit.weight(t) * abs(fit.g(t) - horner(kept, t)) for t in points))
    return table, errors


# ---------------------------------------------------------------------------- constants in parts
PARTS = {
    "LN2": (mp.log(2), 2),
    "LOG2_E": (1 / mp.log(2), 2),
    "LOG10_E": (1 / mp.log(10), 2),
    "LOG10_2": (mp.log10(2), 2),
    "HALF_PI": (mp.pi / 2, 3),
    "PI_SQUARED": (mp.pi**2, 2),
    "TWO_OVER_PI": (2 / mp.pi, 1),
    "TWO_THIRDS": (mpf(2) / 3, 2),
    "DIGAMMA_ROOT": (ROOT, 2),
    "STIRLING_CONSTANT": (mp.log(2 * mp.pi) / 2 - mpf("0.5"), 2),
}


def in_parts(number: mpf, count: int, form: str) -> tuple[float, ...]:
    """Numbers of the format whose sum is the given one, each the nearest to what is left."""
    parts = []
    for _ in range(count):
        parts.append(rounded(number, form))
        number -= mpf(parts[-1])
    return tuple(parts)


def words_of_two_over_pi(count: int) -> tuple[int, ...]:
    """The binary digits of 2/pi behind the point, 64 in a word, after one word of zeros."""
    with mp.workprec(64 * count + 64):
        digits = int(mp.floor(mp.ldexp(2 / mp.pi, 64 * (count - 1))))
    return tuple((digits >> (64 * (count - 1 - i))) & (2**64 - 1) for i in range(count))


def steps(form: str) -> tuple[float, ...]:
    """How far each of sixteen steps from 1 to 2 lies above 1: 2^(j/16) - 1."""
    return tuple(rounded(mp.power(2, mpf(j) / 16) - 1, form) for j in range(16))


HEADER = '''"""Coefficients of the vector maths, lowest power first, by scripts/maths_coefficients.py; do not edit."""

# fmt: off
'''


def lines_of(texts: list[str]) -> str:
    """The numbers of a tuple, as many on a line as fit."""
    return textwrap.fill(", ".join(texts), 108, initial_indent=" " * 8, subsequent_indent=" " * 8)


def written() -> str:
    """The text of the file."""
    parts = [HEADER]
    for name, (number, count) in PARTS.items():
        parts.append(f"{name} = {{\n")
        parts.extend(f'    "{form}": {in_parts(number, count, form)!r},\n' for form in ("f64", "f32"))
        parts.append("}\n")
    words = lines_of([f"0x{word:016X}" for word in words_of_two_over_pi(22)])
    parts.append(f"TWO_OVER_PI_WORDS = (\n{words},\n)\n\n")
    parts.append("# 2^(j/16) - 1\nSTEPS = {\n")
    parts.extend(f'    "{form}": (\n{lines_of([repr(x) for x in steps(form)])},\n    ),\n' for form in ("f64", "f32"))
    parts.append("}\n\n")
    for name, fit in FITS.items():
        table, errors = entry(name)
        notes = ", ".join(f"{form}: {error:.1e}" for form, error in errors.items())
        parts.append(f"# {fit.about}\n# error {notes}\n{name} = {{\n")
        for form, numbers in table.items():
            parts.append(f'    "{form}": (\n{lines_of([repr(number) for number in numbers])},\n    ),\n')
        parts.append("}\n\n")
        print(name, notes, file=sys.stderr)
    return "".join(parts).rstrip("\n") + "\n"


def recorded() -> dict[str, dict[str, tuple[float, ...]]]:
    """What the file holds now."""
    found = {}
    for statement in ast.parse(TARGET.read_text()).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            found[statement.targets[0].id] = ast.literal_eval(statement.value)
    return found


def main(arguments: list[str]) -> int:
    if arguments[:1] != ["--check"]:
        TARGET.write_text(written())
        return 0
    known = recorded()
    different = [name for name in arguments[1:] or FITS if entry(name)[0] != known.get(name)]
    print("different: " + ", ".join(different) if different else "the same")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
