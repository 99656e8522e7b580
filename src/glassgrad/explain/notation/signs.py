"""The signs between and around operands, each spelled once for all printers."""

from dataclasses import dataclass
from enum import Enum


class Column(Enum):
    """Which spelling a printer takes from the tables."""

    ASCII = "ascii"
    TEXT = "text"
    LATEX = "latex"
    MATHML = "mathml"
    SYMPY = "sympy"


@dataclass(frozen=True, slots=True)
class Spelling:
    """One sign or name as each printer spells it. An empty `sympy` means that SymPy has no such thing."""

    ascii: str
    text: str
    latex: str
    mathml: str
    sympy: str

    def of(self, column: Column) -> str:
        """The spelling in one column."""
        match column:
            case Column.ASCII:
                return self.ascii
            case Column.TEXT:
                return self.text
            case Column.LATEX:
                return self.latex
            case Column.MATHML:
                return self.mathml
            case Column.SYMPY:
                return self.sympy


# Spaces belong to the spelling. A SymPy spelling made of letters is a function of both operands: Eq(a, b).
PLUS = Spelling(" + ", " + ", " + ", "+", " + ")
MINUS = Spelling(" - ", " - ", " - ", "−", " - ")
DIVIDE = Spelling(" / ", "/", " / ", '<mo lspace="0" rspace="0">/</mo>', "/")
MODULO = Spelling(" % ", " mod ", r" \bmod ", "mod", "Mod")
FLOOR_DIVIDE = Spelling(" // ", " // ", r" \mathbin{//} ", "//", "")  # only ASCII prints it: the rest use ⌊a/b⌋
POWER = Spelling("**", "^", "^", "^", "**")

# Products. Which one stands between two factors is decided by `layout.product_sign`.
DOT = Spelling(" * ", " · ", r" \cdot ", "⋅", "*")
COEFFICIENT = Spelling(" * ", " ", r" \, ", "\u2062 ", "*")  # 9.8 t²
TIGHT = Spelling(" * ", " · ", " ", "\u2062", "*")  # x y
THIN = Spelling(" * ", " · ", r" \, ", "\u2062 ", "*")  # a (1 − a); the space in MathML asks for a thin space
HADAMARD = Spelling(" * ", " ⊙ ", r" \odot ", "⊙", "*")
MATMUL = Spelling(" @ ", " @ ", r" \, ", "\u2062 ", "")
KRONECKER = Spelling("", " ⊗ ", r" \otimes ", "⊗", "")
CROSS = Spelling("", " × ", r" \times ", "×", "")

# In front of one operand.
NEGATIVE = Spelling("-", "-", "-", "−", "-")
POSITIVE = Spelling("+", "+", "+", "+", "+")
NOT = Spelling("not ", "¬", r"\lnot ", "¬", "Not")
COMPLEMENT = Spelling("~", "¬", r"\lnot ", "¬", "Not")

EQUAL = Spelling(" == ", " = ", " = ", "=", "Eq")
NOT_EQUAL = Spelling(" != ", " ≠ ", r" \ne ", "≠", "Ne")
LESS = Spelling(" < ", " < ", " < ", "&lt;", " < ")
LESS_EQUAL = Spelling(" <= ", " ≤ ", r" \le ", "≤", " <= ")
GREATER = Spelling(" > ", " > ", " > ", "&gt;", " > ")
GREATER_EQUAL = Spelling(" >= ", " ≥ ", r" \ge ", "≥", " >= ")
IN = Spelling(" in ", " ∈ ", r" \in ", "∈", "")
NOT_IN = Spelling(" not in ", " ∉ ", r" \notin ", "∉", "")
IS = Spelling(" is ", " is ", r" \equiv ", "≡", "Eq")
IS_NOT = Spelling(" is not ", " is not ", r" \not\equiv ", "≢", "Ne")

AND = Spelling(" and ", " ∧ ", r" \land ", "∧", "And")
OR = Spelling(" or ", " ∨ ", r" \lor ", "∨", "Or")
BIT_AND = Spelling(" & ", " ∧ ", r" \land ", "∧", "And")
BIT_OR = Spelling(" | ", " ∨ ", r" \lor ", "∨", "Or")
BIT_XOR = Spelling(" ^ ", " ⊕ ", r" \oplus ", "⊕", "Xor")
SHIFT_LEFT = Spelling(" << ", " << ", r" \mathbin{\mathtt{<<}} ", "&lt;&lt;", "")
SHIFT_RIGHT = Spelling(" >> ", " >> ", r" \mathbin{\mathtt{>>}} ", "&gt;&gt;", "")

COLON = Spelling(":", ":", ":", ":", "")
COMMA = Spelling(", ", ", ", r",\, ", ",", ", ")
SUM = Spelling("sum", "Σ", r"\sum", "∑", "")
PRODUCT = Spelling("prod", "Π", r"\prod", "∏", "")
