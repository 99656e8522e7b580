"""The table of notations: every function that has a spelling of its own, stated once for all printers."""

from collections.abc import Mapping
from types import MappingProxyType

from glassgrad.explain.notation.forms import (
    Fence,
    Form,
    Function,
    Indexed,
    Infix,
    Mark,
    Notation,
    Ranks,
    Reduction,
    Rewrite,
    Root,
    Shape,
)
from glassgrad.explain.notation.signs import CROSS, KRONECKER, PRODUCT, SUM, Spelling

_ELEMENTWISE, _FIRST, _SCALAR, _REDUCED, _UNKNOWN = Ranks
_FUNCTION, _RAISABLE = Function(), Function(raisable=True)


def _row(
    names: str,
    *,
    text: str | None = None,
    ascii: str | None = None,
    latex: str | None = None,
    mathml: str | None = None,
    sympy: str = "",
    shape: Shape = _FUNCTION,
    ranks: Ranks = _ELEMENTWISE,
) -> list[tuple[str, Notation]]:
    """One notation under its name and its other names; what is not said is derived from the name."""
    first, *_ = names.split()
    plain = first if ascii is None else ascii
    shown = plain if text is None else text
    upright = rf"\mathrm{{{first.replace('_', chr(92) + '_')}}}" if latex is None else latex
    spelling = Spelling(plain, shown, upright, shown if mathml is None else mathml, sympy)
    return [(name, Notation(first, spelling, shape, ranks)) for name in names.split()]


def _bar(text: str, latex: str) -> Spelling:
    return Spelling(text, text, latex, text, text)


_BAR = Fence(_bar("|", r"\left|"), _bar("|", r"\right|"))
_FLOOR = Fence(_bar("⌊", r"\left\lfloor "), _bar("⌋", r"\right\rfloor"))
_CEILING = Fence(_bar("⌈", r"\left\lceil "), _bar("⌉", r"\right\rceil"))

_ELEMENTARY = [
    _row("exp", latex=r"\exp", sympy="exp", shape=Form.EXPONENTIAL),
    _row("log ln", text="ln", latex=r"\ln", sympy="log", shape=Form.LOGARITHM),
    _row("log2", text="log₂", latex=r"\log_{2}", mathml="<msub><mi>log</mi><mn>2</mn></msub>",
         sympy="np.log(a) / np.log(2)"),
    _row("log10", text="log₁₀", latex=r"\log_{10}", mathml="<msub><mi>log</mi><mn>10</mn></msub>",
         sympy="np.log(a) / np.log(10)"),
    _row("log1p", shape=Rewrite("np.log(1 + a)")),
    _row("expm1", shape=Rewrite("np.exp(a) - 1")),
    _row("exp2", shape=Rewrite("2**a")),
    _row("pow", shape=Rewrite("a ** b")),
    _row("logaddexp", sympy="np.log(np.exp(a) + np.exp(b))",
         shape=Rewrite("np.log(np.exp(a) + np.exp(b))", page_only=True)),
    _row("sin", latex=r"\sin", sympy="sin", shape=_RAISABLE),
    _row("cos", latex=r"\cos", sympy="cos", shape=_RAISABLE),
    _row("tan", latex=r"\tan", sympy="tan", shape=_RAISABLE),
    _row("sec", latex=r"\sec", sympy="sec", shape=_RAISABLE),
    _row("csc", latex=r"\csc", sympy="csc", shape=_RAISABLE),
    _row("cot", latex=r"\cot", sympy="cot", shape=_RAISABLE),
    _row("sinh", latex=r"\sinh", sympy="sinh", shape=_RAISABLE),
    _row("cosh", latex=r"\cosh", sympy="cosh", shape=_RAISABLE),
    _row("tanh", latex=r"\tanh", sympy="tanh", shape=_RAISABLE),
    _row("sech", latex=r"\operatorname{sech}", sympy="sech", shape=_RAISABLE),
    _row("csch", latex=r"\operatorname{csch}", sympy="csch", shape=_RAISABLE),
    _row("coth", latex=r"\coth", sympy="coth", shape=_RAISABLE),
    _row("arcsin asin", latex=r"\arcsin", sympy="asin"),
    _row("arccos acos", latex=r"\arccos", sympy="acos"),
    _row("arctan atan", latex=r"\arctan", sympy="atan"),
    _row("arcsec asec", latex=r"\operatorname{arcsec}", sympy="asec"),
    _row("arccsc acsc", latex=r"\operatorname{arccsc}", sympy="acsc"),
    _row("arccot acot", latex=r"\operatorname{arccot}", sympy="acot"),
    _row("arcsinh asinh", latex=r"\operatorname{arsinh}", text="arsinh", sympy="asinh"),
    _row("arccosh acosh", latex=r"\operatorname{arcosh}", text="arcosh", sympy="acosh"),
    _row("arctanh atanh", latex=r"\operatorname{artanh}", text="artanh", sympy="atanh"),
    _row("arcsech asech", latex=r"\operatorname{arsech}", text="arsech", sympy="asech"),
    _row("arccsch acsch", latex=r"\operatorname{arcsch}", text="arcsch", sympy="acsch"),
    _row("arccoth acoth", latex=r"\operatorname{arcoth}", text="arcoth", sympy="acoth"),
    _row("arctan2 atan2", latex=r"\operatorname{atan2}", text="atan2", sympy="atan2"),
    _row("sinc", latex=r"\operatorname{sinc}", sympy="sinc"),
    _row("np.sinc", ascii="sinc", latex=r"\operatorname{sinc}", sympy="sinc(np.pi * a)"),  # sin(πx)/(πx)
    _row("sqrt", sympy="sqrt", shape=Root(2)),
    _row("cbrt", sympy="np.sign(a) * np.abs(a)**(1/3)", shape=Root(3)),
    _row("abs absolute fabs Abs", sympy="Abs", shape=_BAR),
    _row("floor", sympy="floor", shape=_FLOOR),
    _row("ceil ceiling", sympy="ceiling", shape=_CEILING),
    _row("trunc fix", sympy="np.sign(a) * np.floor(np.abs(a))"),
    _row("round around"),
    _row("rint", ascii="rint", text="round", latex=r"\operatorname{round}", sympy="np.floor(a + 1 / 2)"),
    _row("sign", latex=r"\operatorname{sign}", sympy="sign"),
    _row("heaviside Heaviside", text="H", latex=r"\operatorname{H}", sympy="Heaviside"),
    _row("maximum fmax Max", text="max", latex=r"\max", sympy="Max"),
    _row("minimum fmin Min", text="min", latex=r"\min", sympy="Min"),
    _row("clip", latex=r"\operatorname{clip}", sympy="np.minimum(np.maximum(a, b), c)"),
    _row("hypot", sympy="np.sqrt(a**2 + b**2)", shape=Rewrite("np.sqrt(a**2 + b**2)", page_only=True)),
    _row("deg2rad radians", sympy="a * np.pi / 180"),
    _row("rad2deg degrees", sympy="a * 180 / np.pi"),
    _row("conj conjugate", latex=r"\overline", sympy="conjugate", shape=Form.OVERLINE),
    _row("real re", text="Re", latex=r"\operatorname{Re}", sympy="re"),
    _row("imag im", text="Im", latex=r"\operatorname{Im}", sympy="im"),
    _row("angle arg", text="arg", latex=r"\arg", sympy="arg"),
]  # fmt: skip

_SPECIAL = [
    _row("gamma", text="Γ", latex=r"\Gamma", mathml='<mi mathvariant="normal">Γ</mi>', sympy="gamma"),
    _row("gammaln loggamma lgamma", text="ln Γ", latex=r"\ln\Gamma", sympy="loggamma"),
    _row("digamma psi", text="ψ", latex=r"\psi", sympy="digamma"),
    _row("polygamma", text="ψ", latex=r"\psi", sympy="polygamma", shape=Indexed(raised=True)),
    _row("beta", text="B", latex=r"\mathrm{B}", sympy="beta"),
    _row("betaln", text="ln B", latex=r"\ln\mathrm{B}",
         sympy="loggamma(a) + loggamma(b) - loggamma(a + b)"),
    _row("factorial", text="!", latex="!", sympy="factorial", shape=Mark(raised=False)),
    _row("binom comb binomial", sympy="binomial"),
    _row("rgamma", text="1/Γ", ascii="rgamma", latex=r"\tfrac{1}{\Gamma}", mathml="1/Γ", sympy="1 / gamma(a)"),
    _row("gammainc", text="P", ascii="gammainc", latex="P", sympy="lowergamma(a, b) / gamma(a)"),
    _row("gammaincc", text="Q", ascii="gammaincc", latex="Q", sympy="uppergamma(a, b) / gamma(a)"),
    _row("lowergamma", text="γ", ascii="lowergamma", latex=r"\gamma", sympy="lowergamma"),
    _row("uppergamma", text="Γ", ascii="uppergamma", latex=r"\Gamma", sympy="uppergamma"),
    _row("zeta", text="ζ", latex=r"\zeta", sympy="zeta"),
    _row("erf", latex=r"\operatorname{erf}", sympy="erf"),
    _row("erfc", latex=r"\operatorname{erfc}", sympy="erfc"),
    _row("erfi", latex=r"\operatorname{erfi}", sympy="erfi"),
    _row("erfcx", latex=r"\operatorname{erfcx}", sympy="np.exp(a**2) * erfc(a)"),
    _row("erfinv", latex=r"\operatorname{erf}^{-1}", text="erf⁻¹",
         mathml="<msup><mi>erf</mi><mrow><mo>−</mo><mn>1</mn></mrow></msup>", sympy="erfinv"),
    _row("erfcinv", latex=r"\operatorname{erfc}^{-1}", text="erfc⁻¹",
         mathml="<msup><mi>erfc</mi><mrow><mo>−</mo><mn>1</mn></mrow></msup>", sympy="erfinv(1 - a)"),
    _row("ndtr", text="Φ", latex=r"\Phi", sympy="(1 + erf(a / np.sqrt(2))) / 2"),
    _row("log_ndtr", text="ln Φ", latex=r"\ln\Phi",
         sympy="np.log((1 + erf(a / np.sqrt(2))) / 2)"),
    _row("ndtri", text="Φ⁻¹", ascii="ndtri", latex=r"\Phi^{-1}",
         mathml="<msup><mi>Φ</mi><mrow><mo>−</mo><mn>1</mn></mrow></msup>", sympy="np.sqrt(2) * erfinv(2 * a - 1)"),
    _row("dawsn", latex=r"\operatorname{dawsn}", sympy="np.sqrt(np.pi) / 2 * np.exp(-a**2) * erfi(a)"),
    _row("lambertw LambertW", text="W", latex=r"\mathrm{W}", sympy="LambertW"),
    _row("fresnels", text="S", latex=r"\mathrm{S}", sympy="fresnels"),
    _row("fresnelc", text="C", latex=r"\mathrm{C}", sympy="fresnelc"),
    *(_row(f"{name} special.{name.lower()}", latex=rf"\operatorname{{{name}}}", sympy=name)
      for name in ("Si", "Ci", "Shi", "Chi")),
    _row("ellipk elliptic_k", text="K", ascii="ellipk", latex="K", sympy="elliptic_k"),
    _row("ellipe elliptic_e", text="E", ascii="ellipe", latex="E", sympy="elliptic_e"),
    _row("airyai", text="Ai", ascii="airyai", latex=r"\mathrm{Ai}", sympy="airyai"),
    _row("airybi", text="Bi", ascii="airybi", latex=r"\mathrm{Bi}", sympy="airybi"),
    _row("airyaiprime", text="Ai′", ascii="airyaiprime", latex=r"\mathrm{Ai}'", sympy="airyaiprime"),
    _row("airybiprime", text="Bi′", ascii="airybiprime", latex=r"\mathrm{Bi}'", sympy="airybiprime"),
    _row("i0e", latex=r"\operatorname{i0e}", sympy="np.exp(-np.abs(a)) * besseli(0, a)"),
    _row("i1e", latex=r"\operatorname{i1e}", sympy="np.exp(-np.abs(a)) * besseli(1, a)"),
    _row("expi Ei", text="Ei", latex=r"\operatorname{Ei}", sympy="Ei"),
    _row("exp1", text="E₁", latex=r"\mathrm{E}_{1}", mathml="<msub><mi>E</mi><mn>1</mn></msub>",
         sympy="expint(1, a)"),
    _row("expint expn", text="E", ascii="expn", latex=r"\mathrm{E}", sympy="expint", shape=Indexed()),
    _row("besseli iv", text="I", ascii="iv", latex="I", sympy="besseli", shape=Indexed()),
    _row("besselj jv jn", text="J", ascii="jv", latex="J", sympy="besselj", shape=Indexed()),
    _row("bessely yv yn", text="Y", ascii="yv", latex="Y", sympy="bessely", shape=Indexed()),
    _row("besselk kv kn", text="K", ascii="kv", latex="K", sympy="besselk", shape=Indexed()),
    *(_row(f"{letter.lower()}{order}", text=f"{letter}{'₀₁'[order]}", ascii=f"{letter.lower()}{order}",
           latex=f"{letter}_{{{order}}}", mathml=f"<msub><mi>{letter}</mi><mn>{order}</mn></msub>",
           sympy=f"bessel{letter.lower()}({order}, a)")
      for letter in "IJYK" for order in (0, 1)),
    _row("expit", text="σ", latex=r"\sigma", sympy="1 / (1 + np.exp(-a))"),
    _row("logit", latex=r"\operatorname{logit}", sympy="np.log(a / (1 - a))"),
    _row("softmax", latex=r"\operatorname{softmax}", shape=Reduction(), ranks=_FIRST),
    _row("log_softmax", text="log_softmax", latex=r"\operatorname{log\,softmax}", mathml="log softmax",
         shape=Reduction(), ranks=_FIRST),
    _row("logsumexp", latex=r"\operatorname{logsumexp}", shape=Reduction(), ranks=_REDUCED),
    _row("xlogy", shape=Rewrite("a * np.log(b)")),
    _row("xlog1py", shape=Rewrite("a * np.log(1 + b)")),
    _row("entr", shape=Rewrite("-a * np.log(a)", page_only=True), sympy="-a * np.log(a)"),
    _row("rel_entr", shape=Rewrite("a * np.log(a / b)", page_only=True), sympy="a * np.log(a / b)"),
    _row("kl_div", shape=Rewrite("a * np.log(a / b) - a + b", page_only=True),
         sympy="a * np.log(a / b) - a + b"),
]  # fmt: skip

# Alone, such a name is a function of the person's own: only its look is known, for SymPy it stays a name.
_ACTIVATIONS = [
    _row("sigmoid logistic", text="σ", latex=r"\sigma", sympy="1 / (1 + np.exp(-a))"),
    _row("log_expit logsigmoid", text="ln σ", latex=r"\ln\sigma", sympy="-np.log(1 + np.exp(-a))"),
    _row("softplus", latex=r"\operatorname{softplus}", sympy="np.log(1 + np.exp(a))"),
    _row("relu ReLU", text="ReLU", latex=r"\operatorname{ReLU}", sympy="np.maximum(0, a)"),
    _row("gelu", text="GELU", latex=r"\operatorname{GELU}", sympy="a * (1 + erf(a / np.sqrt(2))) / 2"),
    _row("silu swish", text="SiLU", latex=r"\operatorname{SiLU}", sympy="a / (1 + np.exp(-a))"),
]

_ARRAYS = [
    _row("sum nansum", latex=r"\sum", shape=Reduction(SUM), ranks=_REDUCED),
    _row("prod nanprod product", latex=r"\prod", shape=Reduction(PRODUCT), ranks=_REDUCED),
    _row("mean nanmean average", latex=r"\operatorname{mean}", shape=Reduction(), ranks=_REDUCED),
    _row("max amax nanmax", latex=r"\max", sympy="Max", shape=Reduction(), ranks=_REDUCED),
    _row("min amin nanmin", latex=r"\min", sympy="Min", shape=Reduction(), ranks=_REDUCED),
    _row("argmax", latex=r"\operatorname{arg\,max}", mathml="arg max", shape=Reduction(), ranks=_REDUCED),
    _row("argmin", latex=r"\operatorname{arg\,min}", mathml="arg min", shape=Reduction(), ranks=_REDUCED),
    *(_row(name, latex=rf"\operatorname{{{name}}}", shape=Reduction(), ranks=_REDUCED)
      for name in ("var", "std", "median", "any", "all")),
    _row("cumsum", shape=Reduction(), ranks=_FIRST),
    _row("cumprod", shape=Reduction(), ranks=_FIRST),
    _row("transpose", text="ᵀ", ascii=".T", latex=r"^{\top}", mathml="⊤", shape=Mark(), ranks=_FIRST),
    _row("inv", text="⁻¹", latex="^{-1}", mathml="<mrow><mo>−</mo><mn>1</mn></mrow>",
         shape=Mark(), ranks=_FIRST),
    _row("pinv", text="⁺", latex="^{+}", mathml="+", shape=Mark(), ranks=_FIRST),
    _row("solve", shape=Rewrite("np.linalg.inv(a) @ b", page_only=True), ranks=_UNKNOWN),
    _row("det", latex=r"\det", ranks=_SCALAR),
    _row("trace tr", text="tr", latex=r"\operatorname{tr}", ranks=_SCALAR),
    _row("norm", shape=Form.NORM, ranks=_REDUCED),
    _row("matrix_power", shape=Rewrite("a**b", page_only=True), ranks=_FIRST),
    _row("kron", shape=Infix(KRONECKER), ranks=_UNKNOWN),
    _row("cross", shape=Infix(CROSS)),
    _row("outer", latex=r"\operatorname{outer}", ranks=_UNKNOWN),
    _row("inner vdot vecdot", shape=Fence(_bar("⟨", r"\left\langle "), _bar("⟩", r"\right\rangle")),
         ranks=_UNKNOWN),
    _row("diag", latex=r"\operatorname{diag}", ranks=_UNKNOWN),
    _row("where", sympy="Piecewise", shape=Form.WHERE),
    _row("select", sympy="Piecewise", shape=Form.SELECT),
    _row("piecewise", sympy="Piecewise", shape=Form.NUMPY_PIECEWISE),
    _row("Piecewise", sympy="Piecewise", shape=Form.PIECEWISE),
    _row("einsum", shape=Form.EINSUM, ranks=_UNKNOWN),
    _row("array", shape=Form.ARRAY, ranks=_FIRST),
    _row("asarray ascontiguousarray astype copy float float64 float32", shape=Form.IDENTITY,
         ranks=_FIRST),
]  # fmt: skip

# Only behind a module's name (np.add): a person's own `add` or `square` keeps its name.
_OPERATORS = [
    _row(names, shape=Rewrite(template))
    for names, template in (
        ("add", "a + b"), ("subtract", "a - b"), ("multiply", "a * b"), ("divide true_divide", "a / b"),
        ("floor_divide", "a // b"), ("mod remainder", "a % b"), ("power float_power", "a ** b"),
        ("matmul dot", "a @ b"), ("negative", "-a"), ("positive", "+a"), ("square", "a**2"),
        ("reciprocal", "1 / a"),
        ("equal", "a == b"), ("not_equal", "a != b"), ("less", "a < b"), ("less_equal", "a <= b"),
        ("greater", "a > b"), ("greater_equal", "a >= b"), ("logical_and", "a and b"),
        ("logical_or", "a or b"),
        ("logical_not", "not a"), ("bitwise_and", "a & b"), ("bitwise_or", "a | b"),
        ("bitwise_xor logical_xor", "a ^ b"), ("invert bitwise_not", "~a"),
        ("left_shift", "a << b"), ("right_shift", "a >> b"),
    )
]  # fmt: skip

OWN_WITHOUT_MODULE = frozenset(name for row in _ACTIVATIONS for name, _ in row)
ONLY_IN_MODULES = frozenset(name for row in _OPERATORS for name, _ in row)
NOTATIONS: Mapping[str, Notation] = MappingProxyType(
    dict(entry for rows in (_ELEMENTARY, _SPECIAL, _ACTIVATIONS, _ARRAYS, _OPERATORS) for row in rows for entry in row)
)

# Constants behind a module's name, or `pi` alone.
CONSTANTS: Mapping[str, Spelling] = MappingProxyType(
    {
        "pi": Spelling("pi", "π", r"\pi", "<mi>π</mi>", "pi"),
        "e": Spelling("e", "e", "e", "<mi>e</mi>", "E"),
        "inf": Spelling("inf", "∞", r"\infty", "<mi>∞</mi>", "oo"),
        "nan": Spelling("nan", "NaN", r"\mathrm{NaN}", "<mi>NaN</mi>", "nan"),
        "euler_gamma": Spelling("euler_gamma", "γ", r"\gamma", "<mi>γ</mi>", "EulerGamma"),
    }
)
LITERALS: Mapping[str, Spelling] = MappingProxyType(
    {
        "True": Spelling("True", "True", r"\mathrm{True}", "True", "True"),
        "False": Spelling("False", "False", r"\mathrm{False}", "False", "False"),
        "None": Spelling("None", "None", r"\mathrm{None}", "None", "None"),
        "...": Spelling("...", "…", r"\ldots", "…", "Symbol('...')"),
        "i": Spelling("1j", "i", r"\mathrm{i}", '<mi mathvariant="normal">i</mi>', "I"),
    }
)

# The methods of an array that are functions of it: x.sum(axis=0) is sum(x, axis=0).
METHODS = frozenset(
    [
        "all", "any", "argmax", "argmin", "argsort", "astype", "clip", "conj", "conjugate", "copy", "cumprod",
        "cumsum", "diagonal", "dot", "flatten", "item", "max", "mean", "min", "nonzero", "prod", "ravel",
        "repeat", "reshape", "round", "searchsorted", "sort", "squeeze", "std", "sum", "swapaxes", "take",
        "tolist", "trace", "transpose", "var",
    ]
)  # fmt: skip
# Names in front of a dot that stand for a module, not for a value.
MODULES = frozenset(
    [
        "np", "numpy", "jnp", "anp", "xp", "scipy", "sp", "special", "linalg", "fft", "random", "math",
        "cmath", "sympy", "gg", "glassgrad", "torch",
    ]
)  # fmt: skip
