"""Tokens of a formula -> Python text with a map back to the source. Floor 5.

What books leave out is put in here: `2x` gets its `*`, `|x|` its `abs`, `x²` its `**`. One state decides all:
is an operand wanted, or has one just ended? Where two readings are possible, the error shows both.
"""

from types import MappingProxyType

from glassgrad.base.errors import FormulaError
from glassgrad.frontends.formula import misreadings
from glassgrad.frontends.formula.complaints import complaint
from glassgrad.frontends.formula.pieces import Frame, Rewritten
from glassgrad.frontends.formula.tokens import Kind, Token
from glassgrad.frontends.formula.vocabulary import is_function

_SHOWN = 16  # characters of an operand that an error repeats
_MOST_NOTES = 40  # a formula of a thousand `2x` needs no thousand notes
_DEEPEST = 100  # brackets inside brackets; Python's own parser takes about twice that
_LONGEST_CHAIN = 2000  # `a + b + c + …`, of which Python's own parser takes nearly 3000
_LEVELS = MappingProxyType({"+": 0, "-": 0, "*": 1, "/": 1, "//": 1, "%": 1, "**": 2})
_BINDING = frozenset({"/", "//", "%", "**"})  # before `2x` these leave two readings


class Rewriter:
    """Walks over the tokens once and writes Python pieces."""

    def __init__(self, tokens: list[Token], source: str, variables: frozenset[str]) -> None:
        self.tokens = tokens
        self.source = source
        self.variables = variables
        self.pieces: list[str] = []
        self.spans: list[tuple[int, int]] = []
        self.notes: dict[str, None] = {}
        self.frames = [Frame(None)]
        self.place = 0
        self.ended = False  # has an operand just ended?
        self.start = 0  # index of the piece where it began
        self.operand = 0  # source position where it began
        self.signs = 0  # `-` and `not` in front of the operand that is wanted
        self.roots: list[Token] = []  # roots that wait for their operand
        self.closed = self.frames[0]  # the bracket that closed last
        self.bare = ""  # how the operand forbids a postfix or a factor: a bare root, a power sign

    # ------------------------------------------------------------------ the walk
    def run(self) -> Rewritten:
        """The whole formula; a FormulaError where it cannot be read."""
        while self._token().kind is not Kind.END:
            token = self._token()
            self.place += 1
            if self.ended:
                self._after_operand(token)
            else:
                self._before_operand(token)
        self._finish()
        encoded, total = [], 0
        for piece in self.pieces:
            encoded.append(total)
            total += len(piece.encode()) + 1
        return Rewritten(" ".join(self.pieces), tuple(encoded), tuple(self.spans), tuple(self.notes))

    def _before_operand(self, token: Token) -> None:
        match token.kind:
            case Kind.NUMBER:
                self._begin(token)
                self._end_simple(token)
            case Kind.NAME:
                self._name(token)
            case Kind.OPEN:
                self._begin(token)
                self._open(token)
            case Kind.BAR:
                self._begin(token)
                self._open_bar(token)
            case Kind.ROOT:
                self._root(token)
            case Kind.OPERATOR if token.text in ("+", "-", "not") and not self.roots:
                self._sign(token)
            case Kind.CLOSE if self._is_empty_call():
                self._close(token)
            case _:
                raise misreadings.missing_operand(self.source, self.tokens, self.place - 1)

    def _after_operand(self, token: Token) -> None:
        match token.kind:
            case Kind.NUMBER | Kind.NAME | Kind.ROOT:
                self._factor(token)
            case Kind.OPEN:
                self._factor(token)
            case Kind.BAR:
                self._bar(token)
            case Kind.OPERATOR | Kind.COMPARISON:
                self._operator(token)
            case Kind.CLOSE:
                self._close(token)
            case Kind.COMMA:
                self._comma(token)
            case Kind.SUPERSCRIPT:
                self._superscript(token)
            case Kind.FACTORIAL:
                self._factorial(token)
            case _:
                raise self._equals(token)

    # ------------------------------------------------------------------ operands
    def _sign(self, token: Token) -> None:
        self.signs += 1
        if self.signs > _DEEPEST:
            raise self._complain(f"more than {_DEEPEST} signs in front of a number", (token.start, token.end))
        self._put(token.text, token)
        self.frames[-1].is_condition |= token.text == "not"

    def _begin(self, token: Token) -> None:
        """An operand begins here, with the roots that wait for it."""
        self.signs = 0
        self.start = len(self.pieces)
        self.operand = self.roots[0].start if self.roots else token.start
        for root in self.roots:
            self._put(f"{root.text}(", root)

    def _end_simple(self, token: Token) -> None:
        """A number or a name is a whole operand."""
        self._put(token.text, token)
        self._end(token, ")" * len(self.roots))
        self.bare = "root" if self.roots else ""
        self.roots = []

    def _end(self, token: Token, closing: str) -> None:
        if closing:
            self._put(closing, token)
        self.ended, self.bare = True, ""

    def _name(self, token: Token) -> None:
        self._begin(token)
        power = self._power_of_function(token)
        if power or self._token().kind is Kind.OPEN:
            self._put(token.text, token)
            opener = self._token()
            self.place += 1
            self._open(opener, call=True, power=power)
        else:
            self.frames[-1].is_condition |= token.text in ("True", "False")
            self._end_simple(token)

    def _power_of_function(self, token: Token) -> str:
        """`sin²(x)` and `sin^2(x)` raise the value; the power is written after the bracket."""
        if token.text in self.variables or not is_function(token.text):
            return ""
        sign, raised, opener = (self._token(ahead) for ahead in range(3))
        if sign.kind is Kind.SUPERSCRIPT:
            power, length, opener = sign, 1, raised
        elif sign.kind is Kind.OPERATOR and sign.text == "**":
            power, length = raised, 2
        else:
            return ""
        if power.text.startswith("-"):
            raise misreadings.negative_power(self.source, token, power)
        span = (token.start, power.end)
        if opener.kind is not Kind.OPEN or power.kind not in (Kind.SUPERSCRIPT, Kind.NUMBER):
            message = f"`{token.text}` needs brackets around its argument"
            raise self._complain(message, span, f"write `{token.text}(x)**{power.text}`")
        self.notes[f"read `{self.source[slice(*span)]}(…)` as `{token.text}(…)**{power.text}`"] = None
        self.place += length
        return f"** {power.text}"

    def _root(self, token: Token) -> None:
        self.roots.append(token)
        if len(self.roots) + len(self.frames) > _DEEPEST:
            raise self._too_deep(token)
        self.notes[f"read `{self.source[token.start]}` as `{token.text}`"] = None

    def _superscript(self, token: Token) -> None:
        self._forbid_postfix(token)
        power = f"({token.text})" if token.text.startswith("-") else token.text
        self._put(f"** {power}", token)
        self.bare = "power"

    def _factorial(self, token: Token) -> None:
        self._forbid_postfix(token)
        self.notes["read `!` as `factorial`"] = None
        self.pieces.insert(self.start, "factorial(")
        self.spans.insert(self.start, (self.operand, token.end))
        self._put(")", token)
        self.bare = "factorial"

    def _forbid_postfix(self, token: Token) -> None:
        if not self.bare and not (self.frames[-1].operator == "**" and token.kind is Kind.SUPERSCRIPT):
            return
        inner, postfix = self.source[self.operand : token.start].strip(), misreadings.shown(self.source, token)
        root = f"write `sqrt({inner[1:]}{postfix})` or `sqrt({inner[1:]}){postfix}`"
        hint = root if self.bare == "root" else "use brackets"
        raise self._complain(f"`{inner}{postfix}` has two readings", (self.operand, token.end), hint)

    # ------------------------------------------------------------------ factors side by side
    def _factor(self, token: Token) -> None:
        """Two operands side by side: a product, where nothing else can be meant."""
        previous = self.tokens[self.place - 2]
        is_word = previous.kind is Kind.NAME and self.bare != "root"
        if is_word and is_function(previous.text) and previous.text not in self.variables:
            raise misreadings.missing_brackets(self.source, self.tokens, self.place - 2)
        if token.kind is Kind.NUMBER:
            raise misreadings.number_after(self.source, previous, token)
        if previous.kind is token.kind is Kind.NAME and self._token().kind is not Kind.OPEN:
            slip = misreadings.two_words(self.source, previous, token)
            if slip is not None:
                raise slip
        frame = self.frames[-1]
        raised = frame.operator == "**" and previous.kind is not Kind.CLOSE
        if self.bare == "root" or raised or frame.operator in _BINDING - {"**"}:
            raise self._two_readings(token)
        frame.bar_then_factor |= previous.kind is Kind.BAR and token.kind is not Kind.BAR
        self._multiply(token)
        self._before_operand(token)

    def _multiply(self, token: Token) -> None:
        previous = self.tokens[self.place - 2]
        written = self.source[previous.start : token.end]
        spaced = f"{self.source[previous.start : previous.end]}*{misreadings.shown(self.source, token)}"
        if len(self.notes) < _MOST_NOTES:
            self.notes[f"read `{written}` as `{spaced}`"] = None
        self._count(token, "*")
        self._put("*", token)
        self.ended = False

    def _two_readings(self, token: Token) -> FormulaError:
        left, right = self.source[self.operand : self.tokens[self.place - 2].end], misreadings.shown(self.source, token)
        right = f"{right}(…)" if token.kind is Kind.NAME and self._token().kind is Kind.OPEN else right
        right = "(…)" if token.kind is Kind.OPEN else right
        if self.bare == "root":
            hint, shown = f"write `sqrt({left[1:]}*{right})` or `sqrt({left[1:]})*{right}`", f"{left}{right}"
        else:
            head = self.source[self.frames[-1].left : self.operand]  # `1/` of `1/2x`, `e^-` of `e^-2x`
            head = head if len(head) <= _SHOWN else "…" + head[-_SHOWN:]
            shown, hint = f"{head}{left}{right}", f"write `{head}({left}*{right})` or `{head}{left}*{right}`"
        return self._complain(f"`{shown}` has two readings", (self.operand, token.end), hint)

    # ------------------------------------------------------------------ operators
    def _operator(self, token: Token) -> None:
        if self.bare in ("root", "power") and token.text == "**":
            self._forbid_postfix(token)
        frame = self.frames[-1]
        match token.text:
            case "not":
                raise self._complain("`not` stands before a condition", (token.start, token.end), "write `a and not b`")
            case "if":
                frame.choices += 1
            case "else":
                frame.choices, frame.is_condition = frame.choices - 1, False
                if frame.choices < 0:
                    raise misreadings.else_without_if(self.source, token)
            case "and" | "or":
                frame.is_condition = True
        frame.is_condition |= token.kind is Kind.COMPARISON
        self._count(token, token.text)
        self._put(token.text, token)
        frame.left = self.operand
        frame.operator, frame.bar_then_factor = token.text, False
        self.ended = False

    def _count(self, token: Token, sign: str) -> None:
        """Python nests a chain as deep as it is long, so there is an end to its length."""
        frame = self.frames[-1]
        sums, products, powers = frame.chain
        match _LEVELS.get(sign):
            case 0:
                frame.chain = (sums + 1, 0, 0)
            case 1:
                frame.chain = (sums, products + 1, 0)
            case 2:
                frame.chain = (sums, products, powers + 1)
            case _:
                frame.chain = (0, 0, 0)
        if max(frame.chain) > _LONGEST_CHAIN or frame.choices > _LONGEST_CHAIN:
            message = f"a chain of more than {_LONGEST_CHAIN} operators"
            raise self._complain(message, (token.start, token.end), "put parts into brackets, or name them with `let`")

    def _comma(self, token: Token) -> None:
        frame = self.frames[-1]
        if len(self.frames) == 1:
            raise misreadings.comma_outside(self.source, self.tokens[self.place - 2], token, self._token())
        self._check_choices(frame, token)
        if frame.opener is not None and frame.opener.kind is Kind.BAR:
            raise misreadings.unclosed(self.source, frame.opener, token)
        self._put(",", token)
        frame.operator, frame.bar_then_factor, frame.is_condition, frame.chain = "", False, False, (0, 0, 0)
        self.ended = False

    # ------------------------------------------------------------------ brackets and bars
    def _open(self, token: Token, *, call: bool = False, power: str = "") -> None:
        if len(self.frames) > _DEEPEST:
            raise self._too_deep(token)
        closing = ")" + (f" {power}" if power else "") + ")" * len(self.roots)
        self._put("(", token)
        self.frames.append(Frame(token, self.start, closing))
        self.frames[-1].operator = "(" if call else ""
        self.roots = []
        self.ended = False

    def _open_bar(self, token: Token) -> None:
        self._put("abs", token)
        self._open(token)

    def _close(self, token: Token) -> None:
        frame = self.frames[-1]
        if frame.opener is None:
            raise self._complain(
                "this bracket closes nothing", (token.start, token.end), "leave it out, or open it before"
            )
        if frame.opener.kind is not token.kind and Kind.BAR in (frame.opener.kind, token.kind):
            raise misreadings.unclosed(self.source, frame.opener, token)
        self._check_choices(frame, token)
        self.frames.pop()
        self.start, self.operand = frame.start, self.spans[frame.start][0]
        self._end(token, frame.closing)
        self.bare = "power" if "**" in frame.closing else ""
        self.closed = frame

    def _bar(self, token: Token) -> None:
        """After an operand a bar closes the open one, opens a factor (`2|x|`), or means `or` between conditions."""
        frame = self.frames[-1]
        doubled = self._token().kind is Kind.BAR and self._token().start == token.end
        if frame.opener is not None and frame.opener.kind is Kind.BAR:
            if frame.is_condition:
                hint = "bars are an absolute value; for a choice of conditions write `or`"
                raise self._complain("an absolute value of a condition", (frame.opener.start, token.end), hint)
            self._close(token)
            shown = self.source[frame.opener.start : token.end]
            if len(self.notes) < _MOST_NOTES:
                self.notes[f"read `{_short(shown)}` as `abs({_short(shown[1:-1].strip())})`"] = None
        elif doubled or self._is_after_condition():
            self.place += doubled
            self.notes[f"read `{'||' if doubled else '|'}` as `or`"] = None
            self._operator(Token(Kind.OPERATOR, "or", token.start, token.end + doubled))
        elif frame.bar_then_factor:
            raise self._complain("these bars have two readings", (token.start, token.end), "write `abs(…)`")
        else:
            self._factor(token)

    def _is_after_condition(self) -> bool:
        previous = self.tokens[self.place - 2]
        return previous.kind is Kind.CLOSE and self.closed.is_condition

    def _is_empty_call(self) -> bool:
        return self.frames[-1].operator == "(" and self.tokens[self.place - 2].kind is Kind.OPEN

    # ------------------------------------------------------------------ the end
    def _finish(self) -> None:
        end, frame = self._token(), self.frames[-1]
        if not self.ended:
            raise misreadings.missing_operand(self.source, self.tokens, self.place)
        if frame.opener is not None:
            raise misreadings.unclosed(self.source, frame.opener, end)
        self._check_choices(frame, end)

    def _check_choices(self, frame: Frame, token: Token) -> None:
        if frame.choices:
            raise misreadings.if_without_else(self.source, token)

    def _equals(self, token: Token) -> FormulaError:
        return self._complain("`=` inside a formula", (token.start, token.end), "for a comparison write `==`")

    def _too_deep(self, token: Token) -> FormulaError:
        return self._complain(
            f"brackets nest more than {_DEEPEST} deep", (token.start, token.end), "name inner parts with `let`"
        )

    # ------------------------------------------------------------------ small things
    def _token(self, ahead: int = 0) -> Token:
        return self.tokens[min(self.place + ahead, len(self.tokens) - 1)]

    def _put(self, text: str, token: Token) -> None:
        self.pieces.append(text)
        self.spans.append((token.start, token.end))

    def _complain(self, message: str, span: tuple[int, int], hint: str | None = None) -> FormulaError:
        return complaint(message, self.source, span, hint)


def _short(text: str) -> str:
    return text if len(text) <= 2 * _SHOWN else text[: 2 * _SHOWN - 1] + "…"
