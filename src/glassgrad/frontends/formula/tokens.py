"""The text of a formula as tokens, each with its place: Python's, and what books and keyboards put there. Floor 5.

Typographic characters (`−`, `·`, `²`, `√`, `π`, `≤`) become what Python would write, with a note of the reading.
"""

import keyword
import re
import unicodedata
from enum import Enum, auto
from types import MappingProxyType
from typing import NamedTuple

from glassgrad.base.errors import FormulaError
from glassgrad.frontends.formula.complaints import complaint


class Kind(Enum):
    """What a token is to the reader of a formula."""

    NUMBER = auto()
    NAME = auto()
    OPERATOR = auto()
    COMPARISON = auto()
    EQUALS = auto()
    OPEN = auto()
    CLOSE = auto()
    COMMA = auto()
    BAR = auto()
    SUPERSCRIPT = auto()
    ROOT = auto()
    FACTORIAL = auto()
    END = auto()


class Token(NamedTuple):
    """One token: its kind, its text as Python would write it, and its place in the source."""

    kind: Kind
    text: str
    start: int
    end: int


_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_ORDINALS = "ºª"
_FRACTIONS = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
_NUMBER = re.compile(r"(?:[0-9]+(?:_[0-9]+)*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_LETTER = rf"[^\W\d{_SUPERSCRIPTS}{_FRACTIONS}{_ORDINALS}π]"
_REST = rf"(?:[^\W{_SUPERSCRIPTS}{_FRACTIONS}{_ORDINALS}π]|[\u0300-\u036f])*"
_NAME = re.compile(rf"(?:π|{_LETTER}{_REST}(?:\.{_LETTER}{_REST})*)")
_RAISED = re.compile(rf"[⁺⁻]?[{_SUPERSCRIPTS}]+")
_OPERATOR = re.compile(r"\*\*|//|&&|[-+*/%^&~]")
_COMPARISON = re.compile(r"==|!=|<=|>=|<|>")
_BASED_NUMBER = re.compile(r"0[xXbBoO][0-9a-fA-F]")

# One character for one, so that places stay right; each gets a note where it changes how the text reads.
_READ_AS = MappingProxyType(
    {
        **dict.fromkeys("−–", "-"),
        **dict.fromkeys("·×⋅∙•∗", "*"),
        **dict.fromkeys("÷∕⁄", "/"),
        "∣": "|",
    }
)
_SIGNS = MappingProxyType(
    {
        **{char: (Kind.COMPARISON, meant) for char, meant in zip("≤≥⩽⩾≠", ("<=", ">=", "<=", ">=", "!="), strict=True)},
        **{char: (Kind.OPERATOR, meant) for char, meant in zip("∧∨¬", ("and", "or", "not"), strict=True)},
        "∞": (Kind.NAME, "inf"),
    }
)
_ROOTS = MappingProxyType({"√": "sqrt", "∛": "cbrt"})
_WORD_OPERATORS = frozenset({"and", "or", "not", "if", "else"})
_KEYWORDS_WHY = MappingProxyType(
    {
        "lambda": "it is reserved in Python; call the variable `lam` or `λ`",
        "in": "write a comparison instead: `0 < x and x < 1`",
        "is": "write `==`",
        "None": "a formula has numbers only",
    }
)
_UNREADABLE = MappingProxyType(
    {
        '"': "a formula has no text in quotes",
        "'": "a formula has no quotes and no primes; give the function, its derivative is what is worked out",
        "′": "a formula has no primes; give the function, its derivative is what is worked out",
        "\\": "this is LaTeX; write `sin(x)`, `x/y`, `sqrt(x)`",
        "$": "leave out the dollar signs",
        ";": "give one formula at a time",
        ":": "write `name = formula`",
        "?": "for a choice write `a if condition else b`",
        "#": "leave out the comment",
        "∂": "give the function; its derivative is what is worked out",
        "∫": "a formula has no integrals; write the antiderivative",
        "∑": "write the terms with `+`",
        "∏": "write the factors with `*`",
        "∇": "give the function; its derivative is what is worked out",
        "±": "write the two formulas one by one",
        "º": "write `sind(x)`, or `sin(radians(x))`",
        "°": "write `sind(x)`, or `sin(radians(x))`",
        "[": "use round brackets; lists and subscripts are not part of the formula language",
        "]": "use round brackets; lists and subscripts are not part of the formula language",
        "{": "use round brackets",
        "}": "use round brackets",
        "@": "formulas are over single numbers; for matrices write a Python function",
        "!": "for `not` write `not`",
        ".": "attribute access is not part of the formula language",
    }
)
_SLIPS = MappingProxyType(
    {"=>": ">=", "=<": "<=", "===": "==", "<>": "!=", "->": "=", "+=": "=", "-=": "=", "*=": "=", "<<": "<", ">>": ">"}
)
_LONGEST_NUMBER = 1000
_PUNCTUATION = "(),|"
_SINGLE = MappingProxyType(
    {
        "(": Kind.OPEN,
        ")": Kind.CLOSE,
        ",": Kind.COMMA,
        "|": Kind.BAR,
        "=": Kind.EQUALS,
        "!": Kind.FACTORIAL,
    }
)
_SLIP = re.compile("|".join(map(re.escape, _SLIPS)))


class Lexer:
    """Walks over the source once; `tokens` and `notes` are what it found."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.text = source if source.isascii() else "".join(map(_plain, source))
        self.tokens: list[Token] = []
        self.notes: dict[str, None] = {}
        self.place = 0

    def run(self) -> None:
        """Read the whole text; a FormulaError says what cannot be read."""
        while self.place < len(self.text):
            if self.text[self.place].isspace():
                self.place += 1
            else:
                self._next()
        self.tokens.append(Token(Kind.END, "", len(self.text), len(self.text)))

    def _next(self) -> None:
        text, place, char = self.text, self.place, self.text[self.place]
        if not self.source[place].isascii() and self.source[place] in _READ_AS:
            self._note(self.source[place], char)
        if (char.isdigit() or char == ".") and (found := _NUMBER.match(text, place)):
            self._number(found.group())
        elif (char.isalpha() or char == "_") and (found := _NAME.match(text, place)):
            self._name(found.group())
        elif char in _PUNCTUATION:
            self._add(_SINGLE[char], char, 1)
        elif char.isascii():
            self._sign(char)
        else:
            self._typographic(char)

    def _sign(self, char: str) -> None:
        text, place = self.text, self.place
        if found := _SLIP.match(text, place):
            slip = found.group()
            raise self._refuse(f"`{slip}` is no operator of a formula", len(slip), f"did you mean `{_SLIPS[slip]}`?")
        if found := _OPERATOR.match(text, place):
            self._operator(found.group())
        elif found := _COMPARISON.match(text, place):
            self._add(Kind.COMPARISON, found.group(), len(found.group()))
        elif text.startswith(":=", place):
            self._note(":=", "=")
            self._add(Kind.EQUALS, "=", 2)
        elif char in _SINGLE:
            self._add(_SINGLE[char], char, 1)
        else:
            raise self._unreadable(char)

    def _typographic(self, char: str) -> None:
        if found := _RAISED.match(self.text, self.place):
            self._superscript(found.group())
        elif char in _FRACTIONS:
            self._fraction(char)
        elif char in _ROOTS:
            self._add(Kind.ROOT, _ROOTS[char], 1)
        elif char in _SIGNS:
            kind, meant = _SIGNS[char]
            self._note(char, meant)
            self._add(kind, meant, 1)
        else:
            raise self._unreadable(char)

    def _operator(self, sign: str) -> None:
        match sign:
            case "^":
                self._note("^", "**", "a power")
                self._add(Kind.OPERATOR, "**", 1)
            case "&&" | "&":
                self._note(sign, "and")
                self._add(Kind.OPERATOR, "and", len(sign))
            case "~":
                self._note("~", "not")
                self._add(Kind.OPERATOR, "not", 1)
            case _:
                self._add(Kind.OPERATOR, sign, len(sign))

    def _number(self, digits: str) -> None:
        end = self.place + len(digits)
        if _BASED_NUMBER.match(self.text, self.place):
            raise self._refuse("a formula's numbers are decimal", 2, None)
        if self.text[end : end + 1] in ("j", "J") and not _is_word(self.text[end + 1 : end + 2]):
            hint = f"write `{digits}*j` for a variable `j`; there are no imaginary numbers"
            raise self._refuse(
                f"`{digits}j` is an imaginary number, and formulas are over the real numbers", len(digits) + 1, hint
            )
        if len(digits) > _LONGEST_NUMBER or float(digits) == float("inf"):
            raise self._refuse(
                "this number is larger than any that can be computed with", len(digits), "the largest is 1.8e308"
            )
        plain = digits.replace("_", "")
        whole = plain.isdigit()
        self._add(Kind.NUMBER, plain.lstrip("0") or "0" if whole else plain, len(digits))

    def _name(self, written: str) -> None:
        name = unicodedata.normalize("NFKC", written)
        length = len(written)
        if name == "π":
            self._note("π", "pi")
            self._add(Kind.NAME, "pi", length)
        elif name in _WORD_OPERATORS:
            self._add(Kind.OPERATOR, name, length)
        elif keyword.iskeyword(name) and name not in ("True", "False"):
            raise self._refuse(f"`{name}` is not part of the formula language", length, _KEYWORDS_WHY.get(name))
        elif not all(part.isidentifier() for part in name.split(".")):
            raise self._refuse(f"`{name}` cannot be a name", length, "names have letters, digits and `_`")
        elif any(part.startswith("__") for part in name.split(".")):
            raise self._refuse(
                f"`{name}` is not part of the formula language", length, "a formula is read, never run as Python"
            )
        else:
            if name != self.source[self.place : self.place + length]:
                self._note(self.source[self.place : self.place + length], name)
            self._add(Kind.NAME, name, length)

    def _superscript(self, raised: str) -> None:
        power = unicodedata.normalize("NFKC", raised).replace("−", "-").lstrip("+")
        self._note(raised, f"**{power}")
        self._add(Kind.SUPERSCRIPT, power, len(raised))

    def _fraction(self, char: str) -> None:
        above, below = unicodedata.normalize("NFKC", char).split("⁄")
        self._note(char, f"{above}/{below}")
        self._add(Kind.NUMBER, f"({above}/{below})", 1)

    def _add(self, kind: Kind, text: str, length: int) -> None:
        self.tokens.append(Token(kind, text, self.place, self.place + length))
        self.place += length

    def _note(self, written: str, read: str, what: str = "") -> None:
        self.notes[f"read `{written}` as `{read}`{', ' + what if what else ''}"] = None

    def _unreadable(self, char: str) -> FormulaError:
        number = "" if char.isprintable() and char.isascii() else f" (U+{ord(char):04X})"
        shown = f"`{char}`" if char.isprintable() else "an invisible character"
        hint = _UNREADABLE.get(char) if char.isprintable() else "delete it"
        return self._refuse(f"{shown}{number} is not part of the formula language", 1, hint)

    def _refuse(self, message: str, length: int, hint: str | None) -> FormulaError:
        return complaint(message, self.source, (self.place, self.place + length), hint)


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def _plain(char: str) -> str:
    """The ASCII character that this one stands for (fullwidth, mathematical italic), else the character itself."""
    if char.isascii():
        return char
    if char in _READ_AS:
        return _READ_AS[char]
    if unicodedata.decomposition(char).startswith(("<super>", "<sub>")):
        return char
    normal = unicodedata.normalize("NFKC", char)
    return normal if len(normal) == 1 and normal.isascii() else char


def tokenize(source: str) -> tuple[list[Token], list[str]]:
    """The tokens of a formula and the notes of what was read as what."""
    lexer = Lexer(source)
    lexer.run()
    return lexer.tokens, list(lexer.notes)
