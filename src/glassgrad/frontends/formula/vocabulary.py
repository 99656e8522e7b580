"""The words of the formula language: how people spell a function, and the canonical NumPy text it stands for. Floor 5.

A word has one form for each number of arguments; a form is canonical text over its parameters. A form that
ends in `...` takes any number of arguments and folds them from the left.
"""

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Word:
    """One function under all its spellings; the first spelling is the one that messages use."""

    spellings: tuple[str, ...]
    forms: tuple[tuple[tuple[str, ...], str], ...]
    whole: tuple[str, ...] = ()  # parameters that must be whole numbers, written out
    folds: bool = False

    @property
    def signature(self) -> str:
        """How to call it: `log(x)` or `log(x, b)`."""
        more = ", ..." if self.folds else ""
        return " or ".join(f"`{self.spellings[0]}({', '.join(names)}{more})`" for names, _ in self.forms)

    @property
    def counts(self) -> str:
        """How many arguments it takes, in words."""
        counts = sorted(len(names) for names, _ in self.forms)
        if self.folds:
            return "2 arguments or more"
        return " or ".join(map(str, counts)) + (" argument" if counts == [1] else " arguments")


def _word(spellings: str, *forms: tuple[str, str], whole: str = "") -> Word:
    split = tuple((tuple(parameters.split()), text) for parameters, text in forms)
    return Word(tuple(spellings.split()), split, tuple(whole.split()))


def _fold(spellings: str, text: str, parameters: str = "x y") -> Word:
    return Word(tuple(spellings.split()), ((tuple(parameters.split()), text),), folds=True)


def _one(spellings: str, text: str) -> Word:
    return _word(spellings, ("x", text))


_WORDS: tuple[Word, ...] = (
    # ---------------------------------------------------------------- powers, exponentials, logarithms
    _one("exp", "np.exp(x)"),
    _one("exp2", "np.exp2(x)"),
    _one("exp10", "10 ** x"),
    _one("expm1", "np.expm1(x)"),
    _word("log ln", ("x", "np.log(x)"), ("x b", "np.log(x) / np.log(b)")),
    _one("np.log", "np.log(x)"),
    _one("log2", "np.log2(x)"),
    _one("log10", "np.log10(x)"),
    _one("log1p", "np.log1p(x)"),
    _one("sqrt", "np.sqrt(x)"),
    _one("cbrt", "np.cbrt(x)"),
    _word("root", ("x n", "x ** (1 / n)")),
    _word("real_root", ("x n", "np.sign(x) * np.abs(x) ** (1 / n)"), whole="n"),
    _word("pow Pow power float_power", ("x y", "x ** y")),
    _one("square", "x ** 2"),
    _one("reciprocal", "1 / x"),
    _word("hypot", ("x y", "np.hypot(x, y)")),
    _fold("logaddexp logsumexp", "np.logaddexp(x, y)"),
    _word("xlogy", ("x y", "scipy.special.xlogy(x, y)")),
    _word("xlog1py", ("x y", "scipy.special.xlog1py(x, y)")),
    _one("entr", "scipy.special.entr(x)"),
    # ---------------------------------------------------------------- trigonometry
    _one("sin", "np.sin(x)"),
    _one("cos", "np.cos(x)"),
    _one("tan tg", "np.tan(x)"),
    _one("cot ctg cotan", "special.cot(x)"),
    _one("sec", "special.sec(x)"),
    _one("csc cosec", "special.csc(x)"),
    _one("asin arcsin", "np.arcsin(x)"),
    _one("acos arccos", "np.arccos(x)"),
    _one("atan arctan arctg", "np.arctan(x)"),
    _one("acot arccot arcctg", "special.acot(x)"),
    _one("asec arcsec", "special.asec(x)"),
    _one("acsc arccsc", "special.acsc(x)"),
    _word("atan2 arctan2", ("y x", "np.arctan2(y, x)")),
    _one("sinc", "special.sinc(x)"),
    _one("np.sinc scipy.special.sinc", "np.sinc(x)"),
    _one("radians deg2rad rad", "x * np.pi / 180"),
    _one("degrees rad2deg deg", "x * 180 / np.pi"),
    _one("sind", "np.sin(x * np.pi / 180)"),
    _one("cosd", "np.cos(x * np.pi / 180)"),
    _one("tand", "np.tan(x * np.pi / 180)"),
    # ---------------------------------------------------------------- hyperbolic functions
    _one("sinh sh", "np.sinh(x)"),
    _one("cosh ch", "np.cosh(x)"),
    _one("tanh th", "np.tanh(x)"),
    _one("coth cth", "special.coth(x)"),
    _one("sech", "special.sech(x)"),
    _one("csch", "special.csch(x)"),
    _one("asinh arcsinh arsinh", "np.arcsinh(x)"),
    _one("acosh arccosh arcosh", "np.arccosh(x)"),
    _one("atanh arctanh artanh", "np.arctanh(x)"),
    _one("acoth arccoth arcoth", "special.acoth(x)"),
    _one("asech arcsech arsech", "special.asech(x)"),
    _one("acsch arccsch arcsch", "special.acsch(x)"),
    # ---------------------------------------------------------------- kinks and steps
    _one("abs Abs fabs absolute", "np.abs(x)"),
    _one("sign sgn signum", "np.sign(x)"),
    _one("floor", "np.floor(x)"),
    _one("ceil ceiling", "np.ceil(x)"),
    _one("trunc fix", "np.trunc(x)"),
    _one("round rint around", "np.rint(x)"),
    _one("frac", "x - np.floor(x)"),
    _word("Mod mod remainder", ("x y", "x % y")),
    _word("fmod", ("x y", "x - y * np.trunc(x / y)")),
    _word("math.remainder", ("x y", "x - y * np.rint(x / y)")),
    _word("floor_divide", ("x y", "x // y")),
    _fold("Max maximum max fmax", "np.maximum(x, y)"),
    _fold("Min minimum min fmin", "np.minimum(x, y)"),
    _word("clip clamp", ("x lower upper", "np.minimum(np.maximum(x, lower), upper)")),
    _word("Heaviside heaviside", ("x", "np.heaviside(x, 0.5)"), ("x h", "np.heaviside(x, h)")),
    _word("where ITE", ("condition x y", "np.where(condition, x, y)")),
    # ---------------------------------------------------------------- conditions
    _word("Eq equal", ("x y", "x == y")),
    _word("Ne not_equal", ("x y", "x != y")),
    _word("Lt less", ("x y", "x < y")),
    _word("Le less_equal", ("x y", "x <= y")),
    _word("Gt greater", ("x y", "x > y")),
    _word("Ge greater_equal", ("x y", "x >= y")),
    _fold("And logical_and", "np.logical_and(condition, condition_too)", "condition condition_too"),
    _fold("Or logical_or", "np.logical_or(condition, condition_too)", "condition condition_too"),
    _word("Not logical_not", ("condition", "np.logical_not(condition)")),
    # ---------------------------------------------------------------- arithmetic by name
    _fold("Add add", "x + y"),
    _fold("Mul multiply", "x * y"),
    _word("subtract", ("x y", "x - y")),
    _word("divide true_divide Rational", ("x y", "x / y")),
    _one("negative", "-x"),
    _one("positive S Integer Float", "x"),
    # ---------------------------------------------------------------- neural networks
    _one("sigmoid expit logistic", "scipy.special.expit(x)"),
    _one("logit", "scipy.special.logit(x)"),
    _one("log_expit logsigmoid log_sigmoid", "scipy.special.log_expit(x)"),
    _one("softplus", "special.softplus(x)"),
    _one("softsign", "x / (1 + np.abs(x))"),
    _one("relu ReLU", "np.maximum(x, 0)"),
    _word("leaky_relu", ("x", "np.where(x > 0, x, 0.01 * x)"), ("x a", "np.where(x > 0, x, a * x)")),
    _word("elu", ("x", "np.where(x > 0, x, np.expm1(x))"), ("x a", "np.where(x > 0, x, a * np.expm1(x))")),
    _one("gelu", "x * scipy.special.ndtr(x)"),
    _one("silu swish", "x * scipy.special.expit(x)"),
    _one("mish", "x * np.tanh(special.softplus(x))"),
    # ---------------------------------------------------------------- error function and its kin
    _one("erf", "scipy.special.erf(x)"),
    _one("erfc", "scipy.special.erfc(x)"),
    _one("erfcx", "scipy.special.erfcx(x)"),
    _one("erfi", "scipy.special.erfi(x)"),
    _one("erfinv", "scipy.special.erfinv(x)"),
    _one("erfcinv", "scipy.special.erfcinv(x)"),
    _one("dawsn dawson", "scipy.special.dawsn(x)"),
    _one("ndtr", "scipy.special.ndtr(x)"),
    _one("log_ndtr", "scipy.special.log_ndtr(x)"),
    _one("ndtri", "scipy.special.ndtri(x)"),
    _one("fresnels", "special.fresnels(x)"),
    _one("fresnelc", "special.fresnelc(x)"),
    # ---------------------------------------------------------------- gamma function and its kin
    _one("gamma Gamma Γ tgamma", "scipy.special.gamma(x)"),
    _one("loggamma gammaln lgamma", "scipy.special.gammaln(x)"),
    _one("digamma psi ψ", "scipy.special.digamma(x)"),
    _one("trigamma", "scipy.special.polygamma(1, x)"),
    _word("polygamma", ("n x", "scipy.special.polygamma(n, x)"), whole="n"),
    _one("rgamma", "scipy.special.rgamma(x)"),
    _one("harmonic", "scipy.special.digamma(x + 1) + np.euler_gamma"),
    _one("factorial", "scipy.special.gamma(x + 1)"),
    _word("binomial binom comb", ("n k", "scipy.special.binom(n, k)")),
    _word("beta Beta", ("x y", "scipy.special.beta(x, y)")),
    _word("betaln", ("x y", "scipy.special.betaln(x, y)")),
    _word("poch RisingFactorial rf", ("x n", "scipy.special.gamma(x + n) / scipy.special.gamma(x)")),
    _word("FallingFactorial ff", ("x n", "scipy.special.gamma(x + 1) / scipy.special.gamma(x - n + 1)")),
    _word("gammainc", ("a x", "scipy.special.gammainc(a, x)")),
    _word("gammaincc", ("a x", "scipy.special.gammaincc(a, x)")),
    _word("lowergamma", ("a x", "scipy.special.gamma(a) * scipy.special.gammainc(a, x)")),
    _word("uppergamma", ("a x", "scipy.special.gamma(a) * scipy.special.gammaincc(a, x)")),
    # ---------------------------------------------------------------- integrals and other special functions
    _word("LambertW lambertw W", ("x", "special.lambertw(x, 0)"), ("x k", "special.lambertw(x, k)"), whole="k"),
    _one("Si", "special.si(x)"),
    _one("Ci", "special.ci(x)"),
    _one("Shi", "special.shi(x)"),
    _one("Chi", "special.chi(x)"),
    _one("Ei expi", "scipy.special.expi(x)"),
    _one("E1 exp1", "scipy.special.exp1(x)"),
    _word("expint expn", ("n x", "scipy.special.expn(n, x)"), whole="n"),
    _one("li", "scipy.special.expi(np.log(x))"),
    _one("Li", "scipy.special.expi(np.log(x)) - scipy.special.expi(np.log(2))"),
    _one("elliptic_k ellipk", "scipy.special.ellipk(x)"),
    _one("elliptic_e ellipe", "scipy.special.ellipe(x)"),
    _word("besselj jv", ("n x", "scipy.special.jv(n, x)")),
    _word("bessely yv", ("n x", "scipy.special.yv(n, x)")),
    _word("besseli iv", ("n x", "scipy.special.iv(n, x)")),
    _word("besselk kv", ("n x", "scipy.special.kv(n, x)")),
    *(_one(f"{letter}{order}", f"scipy.special.{letter}{order}(x)") for letter in "jyik" for order in (0, 1)),
    _one("i0e", "scipy.special.i0e(x)"),
    _one("i1e", "scipy.special.i1e(x)"),
    _one("airyai", "special.airyai(x)"),
    _one("airyaiprime", "special.airyaiprime(x)"),
    _one("airybi", "special.airybi(x)"),
    _one("airybiprime", "special.airybiprime(x)"),
    # ---------------------------------------------------------------- canonical names that no person writes
    _one("special.si", "special.si(x)"),
    _one("special.ci", "special.ci(x)"),
    _one("special.shi", "special.shi(x)"),
    _one("special.chi", "special.chi(x)"),
)

PIECEWISE = ("Piecewise", "piecewise")

_CONSTANTS = {
    "np.pi": "pi Pi PI",
    "np.e": "e E",
    "np.inf": "oo inf Inf infinity Infinity",
    "np.nan": "nan NaN",
    "np.euler_gamma": "EulerGamma euler_gamma",
    "2 * np.pi": "np.tau math.tau",
    "(1 + np.sqrt(5)) / 2": "GoldenRatio",
}

# Known to people, refused with the reason.
REFUSED = MappingProxyType(
    {
        "diff": "a formula has no derivatives inside; give the function and choose the variable with `wrt`",
        "Derivative": "a formula has no derivatives inside; give the function and choose the variable with `wrt`",
        "grad": "a formula has no derivatives inside; give the function and choose the variable with `wrt`",
        "integrate": "a formula has no integrals; write the antiderivative",
        "Integral": "a formula has no integrals; write the antiderivative",
        "Sum": "a formula has no sums over an index; write the terms, or use a Python function",
        "Product": "a formula has no products over an index; write the factors, or use a Python function",
        "limit": "a formula has no limits; write the value",
        "re": "formulas are over the real numbers",
        "im": "formulas are over the real numbers",
        "conjugate": "formulas are over the real numbers",
        "arg": "formulas are over the real numbers",
        "DiracDelta": "it is no function of real numbers; use `Heaviside` for a step",
        "zeta": "its derivative has no closed form",
        "polylog": "its derivative with respect to the order has no closed form",
        "lg": "some books mean log10 by it and others log2; write that",
        "jn": "it is spherical in SymPy and ordinary in SciPy; write `besselj(n, x)`",
        "yn": "it is spherical in SymPy and ordinary in SciPy; write `bessely(n, x)`",
        "np.max": "it reduces an array; for the larger of two numbers write `np.maximum(x, y)`",
        "np.min": "it reduces an array; for the smaller of two numbers write `np.minimum(x, y)`",
        "np.amax": "it reduces an array; for the larger of two numbers write `np.maximum(x, y)`",
        "np.amin": "it reduces an array; for the smaller of two numbers write `np.minimum(x, y)`",
        "sum": "formulas are over single numbers; write the terms with `+`, or use a Python function",
        "np.sum": "formulas are over single numbers; write the terms with `+`, or use a Python function",
        "np.mean": "formulas are over single numbers; use a Python function",
        "np.dot": "formulas are over single numbers; use a Python function",
        "symbols": "every name in a formula is a variable already",
        "Symbol": "every name in a formula is a variable already",
        "eval": "a formula is read, never run as Python",
        "exec": "a formula is read, never run as Python",
        "open": "a formula is read, never run as Python",
        "print": "a formula is read, never run as Python",
    }
)

PREFIXES = MappingProxyType(
    {
        "np": "np",
        "numpy": "np",
        "math": "math",
        "sp": "sp",
        "sympy": "sp",
        "scipy.special": "scipy.special",
        "special": "special",
    }
)

WORDS = MappingProxyType({spelling: word for word in _WORDS for spelling in word.spellings})
CONSTANT_WORDS = MappingProxyType({word: text for text, words in _CONSTANTS.items() for word in words.split()})
BARE_NAMES = tuple(sorted({name for name in (*WORDS, *PIECEWISE) if "." not in name}))

# Function names that are variables where no bracket follows; so are those of one or two letters (k0, Si, ch).
_ALSO_VARIABLES = frozenset(
    {"gamma", "beta", "psi", "Gamma", "Beta", "Chi", "Shi", "rad", "deg", "square", "root", "power"}
)
_NEVER_VARIABLES = frozenset({"ln", "tg"})


def can_be_variable(name: str) -> bool:
    """May this function's name also stand for a number, where no bracket follows it?"""
    return name in _ALSO_VARIABLES or (len(name) <= 2 and name not in _NEVER_VARIABLES)


def is_function(name: str) -> bool:
    """Is this, with or without a prefix, a function that cannot be meant as a variable?"""
    prefix, bare = split_prefix(name)
    return (bare in WORDS or bare in PIECEWISE) and (prefix != "" or not can_be_variable(bare))


def split_prefix(dotted: str) -> tuple[str, str]:
    """The module's prefix in its short form and the bare name: `numpy.sin` -> `np`, `sin`."""
    prefix, _, bare = dotted.rpartition(".")
    return PREFIXES.get(prefix, prefix), bare


def find_word(dotted: str) -> Word | None:
    """The function of that name; a prefixed spelling of its own (`np.sinc`) goes before the bare one."""
    prefix, bare = split_prefix(dotted)
    if prefix and prefix not in PREFIXES:
        return None
    return WORDS.get(f"{prefix}.{bare}") or WORDS.get(bare)


def case_variant(bare: str) -> str | None:
    """The one function that differs from this name only in upper and lower case, or None."""
    found = {WORDS[word].spellings[0] for word in WORDS if word.casefold() == bare.casefold()}
    found |= {PIECEWISE[0]} if bare.casefold() == PIECEWISE[1] else set()
    return found.pop() if len(found) == 1 else None
