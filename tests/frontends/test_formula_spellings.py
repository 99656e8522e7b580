"""Every spelling of every function, compared by value with SymPy (and with SciPy where SymPy has no such function)."""

import math

import numpy as np
import pytest
import scipy.special
import sympy

from glassgrad.frontends.formula import evaluate, read_formula
from glassgrad.frontends.formula.vocabulary import BARE_NAMES, PIECEWISE

# Points: inside (0, 1), above 1, and on both sides of zero.
UNIT, LARGE, REAL = (0.2, 0.7), (1.3, 2.6), (-1.7, -0.4, 0.6, 2.2)

# The spellings of a function of x, what SymPy calls it, and where both are real.
ONE_ARGUMENT: tuple[tuple[str, str, tuple[float, ...]], ...] = (
    ("exp Exp EXP", "exp(x)", REAL),
    ("exp2", "2**x", REAL),
    ("exp10", "10**x", REAL),
    ("expm1", "exp(x) - 1", REAL),
    ("log ln Log LN", "log(x)", UNIT + LARGE),
    ("log2", "log(x, 2)", UNIT + LARGE),
    ("log10 Log10", "log(x, 10)", UNIT + LARGE),
    ("log1p", "log(1 + x)", UNIT + LARGE),
    ("sqrt Sqrt √", "sqrt(x)", UNIT + LARGE),
    ("cbrt ∛", "real_root(x, 3)", REAL),
    ("square", "x**2", REAL),
    ("reciprocal", "1/x", REAL),
    ("entr", "-x*log(x)", UNIT + LARGE),
    ("sin Sin", "sin(x)", REAL),
    ("cos", "cos(x)", REAL),
    ("tan tg", "tan(x)", REAL),
    ("cot ctg cotan", "cot(x)", REAL),
    ("sec", "sec(x)", REAL),
    ("csc cosec", "csc(x)", REAL),
    ("asin arcsin ArcSin", "asin(x)", UNIT),
    ("acos arccos", "acos(x)", UNIT),
    ("atan arctan arctg", "atan(x)", REAL),
    ("acot arccot arcctg", "acot(x)", REAL),
    ("asec arcsec", "asec(x)", (*LARGE, -1.5)),
    ("acsc arccsc", "acsc(x)", (*LARGE, -1.5)),
    ("sinc", "sinc(x)", (0.0, *REAL)),
    ("radians deg2rad rad", "x*pi/180", REAL),
    ("degrees rad2deg deg", "x*180/pi", REAL),
    ("sind", "sin(x*pi/180)", REAL),
    ("cosd", "cos(x*pi/180)", REAL),
    ("tand", "tan(x*pi/180)", REAL),
    ("sinh sh", "sinh(x)", REAL),
    ("cosh ch", "cosh(x)", REAL),
    ("tanh th", "tanh(x)", REAL),
    ("coth cth", "coth(x)", REAL),
    ("sech", "sech(x)", REAL),
    ("csch", "csch(x)", REAL),
    ("asinh arcsinh arsinh", "asinh(x)", REAL),
    ("acosh arccosh arcosh", "acosh(x)", LARGE),
    ("atanh arctanh artanh", "atanh(x)", UNIT),
    ("acoth arccoth arcoth", "acoth(x)", (*LARGE, -1.5)),
    ("asech arcsech arsech", "asech(x)", UNIT),
    ("acsch arccsch arcsch", "acsch(x)", REAL),
    ("abs Abs fabs absolute ABS", "Abs(x)", REAL),
    ("sign sgn signum Sign", "sign(x)", (0.0, *REAL)),
    ("floor Floor", "floor(x)", REAL),
    ("ceil ceiling Ceiling", "ceiling(x)", REAL),
    ("trunc fix", "sign(x)*floor(Abs(x))", REAL),
    ("frac", "x - floor(x)", REAL),
    ("Heaviside heaviside HeaviSide", "Heaviside(x)", (0.0, *REAL)),
    ("negative", "-x", REAL),
    ("positive S Integer Float", "x", REAL),
    ("sigmoid expit logistic", "1/(1 + exp(-x))", REAL),
    ("logit", "log(x/(1 - x))", UNIT),
    ("log_expit logsigmoid log_sigmoid", "-log(1 + exp(-x))", REAL),
    ("softplus", "log(1 + exp(x))", REAL),
    ("softsign", "x/(1 + Abs(x))", REAL),
    ("relu ReLU RELU", "Max(x, 0)", REAL),
    ("leaky_relu", "Piecewise((x, x > 0), (x/100, True))", REAL),
    ("elu", "Piecewise((x, x > 0), (exp(x) - 1, True))", REAL),
    ("gelu", "x*(1 + erf(x/sqrt(2)))/2", REAL),
    ("silu swish", "x/(1 + exp(-x))", REAL),
    ("mish", "x*tanh(log(1 + exp(x)))", REAL),
    ("erf", "erf(x)", REAL),
    ("erfc", "erfc(x)", REAL),
    ("erfcx", "exp(x**2)*erfc(x)", REAL),
    ("erfi", "erfi(x)", REAL),
    ("erfinv", "erfinv(x)", UNIT),
    ("erfcinv", "erfinv(1 - x)", UNIT),
    ("dawsn dawson", "sqrt(pi)/2*exp(-x**2)*erfi(x)", REAL),
    ("ndtr", "(1 + erf(x/sqrt(2)))/2", REAL),
    ("log_ndtr", "log((1 + erf(x/sqrt(2)))/2)", REAL),
    ("ndtri", "sqrt(2)*erfinv(2*x - 1)", UNIT),
    ("fresnels", "fresnels(x)", REAL),
    ("fresnelc", "fresnelc(x)", REAL),
    ("gamma Gamma Γ tgamma", "gamma(x)", REAL),
    ("loggamma gammaln lgamma", "loggamma(x)", UNIT + LARGE),
    ("digamma psi ψ", "digamma(x)", REAL),
    ("trigamma", "polygamma(1, x)", UNIT + LARGE),
    ("rgamma", "1/gamma(x)", REAL),
    ("harmonic", "digamma(x + 1) + EulerGamma", UNIT + LARGE),
    ("factorial", "gamma(x + 1)", UNIT + LARGE),
    ("LambertW lambertw W", "LambertW(x)", (-0.3, *UNIT, *LARGE)),
    ("Si", "Si(x)", REAL),
    ("Ci", "Ci(x)", UNIT + LARGE),
    ("Shi", "Shi(x)", REAL),
    ("Chi", "Chi(x)", UNIT + LARGE),
    ("Ei expi", "Ei(x)", UNIT + LARGE),
    ("E1 exp1", "expint(1, x)", UNIT + LARGE),
    ("li", "li(x)", LARGE),
    ("Li", "li(x) - li(2)", LARGE),
    ("elliptic_k ellipk", "elliptic_k(x)", (-0.5, *UNIT)),
    ("elliptic_e ellipe", "elliptic_e(x)", (-0.5, *UNIT)),
    ("airyai", "airyai(x)", REAL),
    ("airyaiprime", "airyaiprime(x)", REAL),
    ("airybi", "airybi(x)", REAL),
    ("airybiprime", "airybiprime(x)", REAL),
    ("j0", "besselj(0, x)", REAL),
    ("j1", "besselj(1, x)", REAL),
    ("y0", "bessely(0, x)", UNIT + LARGE),
    ("y1", "bessely(1, x)", UNIT + LARGE),
    ("i0", "besseli(0, x)", REAL),
    ("i1", "besseli(1, x)", REAL),
    ("k0", "besselk(0, x)", UNIT + LARGE),
    ("k1", "besselk(1, x)", UNIT + LARGE),
    ("i0e", "exp(-Abs(x))*besseli(0, x)", REAL),
    ("i1e", "exp(-Abs(x))*besseli(1, x)", REAL),
)

# Whole formulas, with further arguments or a prefix of its own meaning.
WHOLE: tuple[tuple[str, str, tuple[float, ...]], ...] = (
    ("log(x, 3)", "log(x, 3)", UNIT + LARGE),
    ("ln(x, 3)", "log(x, 3)", UNIT + LARGE),
    ("math.log(x, 3)", "log(x, 3)", UNIT + LARGE),
    ("log(3, x)", "log(3, x)", UNIT + LARGE),
    ("np.sinc(x)", "sinc(pi*x)", (0.0, *REAL)),
    ("scipy.special.sinc(x)", "sinc(pi*x)", REAL),
    ("sp.sinc(x)", "sinc(x)", REAL),
    ("root(x, 3)", "root(x, 3)", UNIT + LARGE),
    ("root(x, 3)", "x**(1/3)", UNIT),
    ("real_root(x, 3)", "real_root(x, 3)", REAL),
    ("real_root(x, 5)", "real_root(x, 5)", REAL),
    ("real_root(x, 4)", "real_root(x, 4)", UNIT),
    ("real_root(x, 1)", "x", REAL),
    ("pow(x, 3)", "x**3", REAL),
    ("Pow(x, 3)", "x**3", REAL),
    ("np.power(x, 3)", "x**3", REAL),
    ("hypot(x, 2)", "sqrt(x**2 + 4)", REAL),
    ("np.logaddexp(x, 2)", "log(exp(x) + exp(2))", REAL),
    ("logaddexp(x, 2, 3)", "log(exp(x) + exp(2) + exp(3))", REAL),
    ("xlogy(x, 2)", "x*log(2)", REAL),
    ("xlog1py(x, 2)", "x*log(3)", REAL),
    ("atan2(x, 2)", "atan2(x, 2)", REAL),
    ("arctan2(x, -2)", "atan2(x, -2)", REAL),
    ("np.arctan2(-1, x)", "atan2(-1, x)", REAL),
    ("Max(x, 1)", "Max(x, 1)", REAL),
    ("max(x, 1, x**2)", "Max(x, 1, x**2)", REAL),
    ("np.maximum(x, 1)", "Max(x, 1)", REAL),
    ("fmax(x, 1)", "Max(x, 1)", REAL),
    ("Min(x, 1)", "Min(x, 1)", REAL),
    ("min(x, 1, x**2)", "Min(x, 1, x**2)", REAL),
    ("np.minimum(x, 1)", "Min(x, 1)", REAL),
    ("np.clip(x, -1, 1)", "Max(-1, Min(x, 1))", REAL),
    ("clamp(x, -1, 1)", "Max(-1, Min(x, 1))", REAL),
    ("Mod(x, 0.5)", "Mod(x, 0.5)", REAL),
    ("x % 0.5", "Mod(x, 0.5)", REAL),
    ("np.remainder(x, -0.5)", "Mod(x, -0.5)", REAL),
    ("x // 0.5", "floor(x/0.5)", REAL),
    ("np.floor_divide(x, 0.5)", "floor(x/0.5)", REAL),
    ("Heaviside(x, 1)", "Heaviside(x, 1)", (0.0, *REAL)),
    ("np.heaviside(x, 0)", "Heaviside(x, 0)", (0.0, *REAL)),
    ("leaky_relu(x, 0.2)", "Max(x, 0) + Min(x, 0)/5", REAL),
    ("elu(x, 2)", "Piecewise((x, x > 0), (2*(exp(x) - 1), True))", REAL),
    ("polygamma(0, x)", "digamma(x)", UNIT + LARGE),
    ("polygamma(2, x)", "polygamma(2, x)", UNIT + LARGE),
    ("binomial(5.5, x)", "binomial(5.5, x)", UNIT + LARGE),
    ("binom(x, 2)", "binomial(x, 2)", LARGE),
    ("beta(x, 2)", "gamma(x)*gamma(2)/gamma(x + 2)", UNIT + LARGE),
    ("betaln(x, 2)", "log(gamma(x)*gamma(2)/gamma(x + 2))", UNIT + LARGE),
    ("poch(x, 2)", "x*(x + 1)", UNIT + LARGE),
    ("RisingFactorial(x, 3)", "rf(x, 3)", UNIT + LARGE),
    ("FallingFactorial(x, 2)", "ff(x, 2)", LARGE),
    ("gammainc(2.5, x)", "lowergamma(2.5, x)/gamma(2.5)", UNIT + LARGE),
    ("gammaincc(2.5, x)", "uppergamma(2.5, x)/gamma(2.5)", UNIT + LARGE),
    ("lowergamma(2.5, x)", "lowergamma(2.5, x)", UNIT + LARGE),
    ("uppergamma(2.5, x)", "uppergamma(2.5, x)", UNIT + LARGE),
    ("LambertW(x, 0)", "LambertW(x, 0)", UNIT + LARGE),
    ("LambertW(x, -1)", "LambertW(x, -1)", (-0.3, -0.1)),
    ("expint(2, x)", "expint(2, x)", UNIT + LARGE),
    ("expn(3, x)", "expint(3, x)", UNIT + LARGE),
    ("besselj(2, x)", "besselj(2, x)", UNIT + LARGE),
    ("jv(0.5, x)", "besselj(0.5, x)", UNIT + LARGE),
    ("bessely(2, x)", "bessely(2, x)", UNIT + LARGE),
    ("besseli(2, x)", "besseli(2, x)", UNIT + LARGE),
    ("besselk(2, x)", "besselk(2, x)", UNIT + LARGE),
    ("scipy.special.iv(1.5, x)", "besseli(1.5, x)", UNIT + LARGE),
    ("kv(1.5, x)", "besselk(1.5, x)", UNIT + LARGE),
    ("yv(1, x)", "bessely(1, x)", UNIT + LARGE),
    ("Rational(1, 3)*x", "x/3", REAL),
    ("Add(x, 1, 2)", "x + 3", REAL),
    ("Mul(x, 2, 3)", "6*x", REAL),
    ("np.subtract(x, 1) * np.divide(x, 2)", "(x - 1)*x/2", REAL),
    ("Piecewise((x, x > 1), (x**2, x > 0), (0, True))", "Piecewise((x, x > 1), (x**2, x > 0), (0, True))", REAL),
    ("Piecewise((x, (x > 0) & (x < 1)), (2, True))", "Piecewise((x, (x > 0) & (x < 1)), (2, True))", REAL),
    ("Piecewise((x, (x < 0) | (x > 1)), (2, True))", "Piecewise((x, (x < 0) | (x > 1)), (2, True))", REAL),
    ("Piecewise((x, ~(x > 0)), (2, True))", "Piecewise((x, x <= 0), (2, True))", REAL),
    ("Piecewise((x, And(x > 0, x < 1, x != 3)), (2, True))", "Piecewise((x, (x > 0) & (x < 1)), (2, True))", REAL),
    ("Piecewise((x, Or(Lt(x, 0), Gt(x, 1))), (2, True))", "Piecewise((x, (x < 0) | (x > 1)), (2, True))", REAL),
    ("Piecewise((x, Not(Ge(x, 0))), (2, Le(x, 1)), (3, True))", "Piecewise((x, x < 0), (2, x <= 1), (3, True))", REAL),
    ("Piecewise((x, Eq(x, 0.6)), (2, Ne(x, 0.6)))", "Piecewise((x, Eq(x, 0.6)), (2, True))", REAL),
    ("ITE(x > 0, 1, -x)", "Piecewise((1, x > 0), (-x, True))", REAL),
    ("np.where(x > 0, x, -x)", "Abs(x)", REAL),
    ("x if x > 0 else -x", "Abs(x)", REAL),
    ("1 if x < 0 else 2 if x < 1 else 3", "Piecewise((1, x < 0), (2, x < 1), (3, True))", REAL),
    ("where(0 < x < 1, 1, 2)", "Piecewise((1, (x > 0) & (x < 1)), (2, True))", REAL),
    ("where(-1 < x <= 1 != x, 1, 2)", "Piecewise((1, (x > -1) & (x <= 1)), (2, True))", REAL),
    ("x*(x > 0)", "Max(x, 0)", REAL),
    ("np.logical_and(x > 0, x < 1) + 0", "Piecewise((1, (x > 0) & (x < 1)), (0, True))", REAL),
    ("pi + E + e + x", "pi + 2*E + x", REAL),
    ("np.pi + math.e + sympy.E + math.pi + x", "2*pi + 2*E + x", REAL),
    ("math.tau*x + EulerGamma + GoldenRatio", "2*pi*x + EulerGamma + GoldenRatio", REAL),
    ("np.euler_gamma*x", "EulerGamma*x", REAL),
    ("x/oo", "0*x", REAL),
    ("e^(-x^2)", "exp(-x**2)", REAL),
)

# What SymPy has no word for.
ELSEWHERE = (
    ("round(x)", np.rint, REAL),
    ("rint(x)", np.rint, REAL),
    ("np.around(x)", np.rint, REAL),
    ("math.fmod(x, 0.5)", lambda x: math.fmod(x, 0.5), REAL),
    ("fmod(x, -0.5)", lambda x: math.fmod(x, -0.5), REAL),
    ("math.remainder(x, 0.7)", lambda x: math.remainder(x, 0.7), REAL),
    ("LambertW(x)", lambda x: math.nan, (-0.4, -2.0)),
    ("LambertW(x, -1)", lambda x: math.nan, (-0.4, 0.5)),
    ("Piecewise((x, x > 0))", lambda x: x if x > 0 else math.nan, REAL),
    ("sqrt(x)", lambda x: math.nan, (-1.0,)),
    ("1/x", lambda x: math.inf, (0.0,)),
    ("scipy.special.ndtri(x)", scipy.special.ndtri, UNIT),
)


def sympy_value(text: str, point: float) -> float:
    value = sympy.N(sympy.sympify(text).subs("x", sympy.Float(point)))
    return float(sympy.re(value)) if abs(sympy.im(value)) < 1e-12 else math.nan


def prefixed(spellings: str) -> list[str]:
    """Each spelling by itself, and the first of them behind the modules' names."""
    names = spellings.split()
    return [*names, *(f"{module}.{names[0]}" for module in ("sp", "sympy"))]


ONE_BY_ONE = [(f"{name}(x)", text, points) for names, text, points in ONE_ARGUMENT for name in prefixed(names)]


@pytest.mark.parametrize(("written", "reference", "points"), ONE_BY_ONE + list(WHOLE))
def test_a_spelling_means_what_sympy_means(written: str, reference: str, points: tuple[float, ...]) -> None:
    tree = read_formula(written).tree
    for point in points:
        assert evaluate(tree, {"x": point}) == pytest.approx(sympy_value(reference, point), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("written", "reference", "points"), ELSEWHERE)
def test_a_spelling_means_what_python_means(written, reference, points) -> None:
    tree = read_formula(written).tree
    for point in points:
        assert evaluate(tree, {"x": point}) == pytest.approx(float(reference(point)), nan_ok=True)


@pytest.mark.parametrize("module", ["np", "numpy", "math", "scipy.special"])
@pytest.mark.parametrize("name", ["exp", "log1p", "sqrt", "floor", "gamma", "erf"])
def test_a_module_in_front_changes_nothing(module: str, name: str) -> None:
    plain, behind = read_formula(f"{name}(x)").tree, read_formula(f"{module}.{name}(x)").tree
    assert evaluate(behind, {"x": 1.5}) == evaluate(plain, {"x": 1.5})


def test_every_word_of_the_vocabulary_is_spelled_here() -> None:
    text = " ".join([*(row[0] for row in ONE_BY_ONE), *(row[0] for row in WHOLE), *(row[0] for row in ELSEWHERE)])
    words = set(text.replace("(", " ").replace(")", " ").replace(",", " ").replace(".", " ").split())
    missing = set(BARE_NAMES) - words - set(PIECEWISE) - NAMED_LIKE_NUMPY
    assert not missing


# NumPy's names of operators and comparisons, and second spellings that share a row with a tested one.
NAMED_LIKE_NUMPY = {
    *("equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_or", "logical_not"),
    *("add", "multiply", "true_divide", "float_power", "power", "subtract", "divide", "mod", "remainder"),
    *("logsumexp", "fmin", "comb", "Beta", "rf", "ff", "iv", "floor_divide", "maximum", "minimum", "clip"),
}


@pytest.mark.parametrize("name", sorted(NAMED_LIKE_NUMPY))
def test_numpys_names_mean_what_numpy_means(name: str) -> None:
    x, y = 2.5, 1.5
    arguments = {"clip": "x, 1, 2", "logical_not": "x > y", "logical_or": "x > y, x > 2"}.get(name, "x, y")
    text = (
        f"{name}({arguments}) * 1"
        if name.startswith(("equal", "not_", "less", "greater", "logical_"))
        else f"{name}({arguments})"
    )
    expected = {
        "logsumexp": lambda: np.logaddexp(x, y),
        "comb": lambda: scipy.special.binom(x, y),
        "Beta": lambda: scipy.special.beta(x, y),
        "rf": lambda: scipy.special.poch(x, y),
        "ff": lambda: scipy.special.gamma(x + 1) / scipy.special.gamma(x - y + 1),
        "iv": lambda: scipy.special.iv(x, y),
        "clip": lambda: np.clip(x, 1, 2),
        "logical_not": lambda: not x > y,
        "logical_or": lambda: True,
    }.get(name, lambda: getattr(np, name)(x, y))
    assert evaluate(read_formula(text).tree, {"x": x, "y": y}) == pytest.approx(float(expected()))
