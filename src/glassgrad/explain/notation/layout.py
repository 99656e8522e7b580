"""What all printers share: pieces of a formula with their binding strength, and the rule of bracketing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum, auto
from typing import Protocol

from glassgrad.explain.notation import signs
from glassgrad.explain.notation.forms import Fence
from glassgrad.explain.notation.signs import Column, Spelling
from glassgrad.explain.notation.symbols import Symbol, symbol_of

# Printed text in nested parts: joined only once, at the end, so that a long formula costs its length.
Rope = str | tuple["Rope", ...]


def flatten(rope: Rope) -> str:
    """The text of a rope, without recursion."""
    parts: list[str] = []
    stack: list[Rope] = [rope]
    while stack:
        top = stack.pop()
        if isinstance(top, str):
            parts.append(top)
        else:
            stack.extend(reversed(top))
    return "".join(parts)


class Level(IntEnum):
    """How tightly a piece holds together, loosest first. Brackets stand where a looser one is used."""

    COMMA = auto()
    CASES = auto()
    OR = auto()
    AND = auto()
    NOT = auto()
    COMPARE = auto()
    BIT_OR = auto()
    BIT_XOR = auto()
    BIT_AND = auto()
    SHIFT = auto()
    MODULO = auto()  # a mod b in mathematics: looser than a sum
    SUM = auto()
    BIG = auto()  # Σ x y: swallows the factors behind it
    FLOORED = auto()  # a // b and a % b in Python: like a product, but not free to regroup
    PRODUCT = auto()
    FRACTION = auto()
    POWER = auto()
    CALL = auto()
    ATOM = auto()


class Edge(Enum):
    """What the eye meets at an end of a piece; decides the sign between two factors."""

    NUMBER = auto()
    LETTER = auto()
    WORD = auto()
    FRACTION = auto()
    FENCE = auto()
    SIGN = auto()  # a bracket around a signed term: x ⋅ (−y)


@dataclass(frozen=True, slots=True)
class Piece:
    """A printed part of a formula and what its surroundings must know of it."""

    rope: Rope
    level: Level = Level.ATOM
    lead: Edge = Edge.FENCE
    trail: Edge = Edge.FENCE
    is_signed: bool = False  # starts with a minus or plus
    is_number: bool = False  # one literal number
    is_boolean: bool = False
    is_matmul: bool = False  # a product by @
    has_slash: bool = False  # a symbol such as ∂L/∂z1 on the line
    has_subscript: bool = False
    has_superscript: bool = False
    rank: int | None = None  # number of array dimensions, where known


class Backend(Protocol):
    """What every printer can draw. Arguments arrive with their brackets already on."""

    @property
    def column(self) -> Column:
        """Which spelling of the tables this printer takes."""

    def name(self, identifier: str, symbol: Symbol) -> Rope:
        """A variable by its symbol."""

    def function(self, identifier: str, symbol: Symbol) -> Rope:
        """The name of a person's own function."""

    def number(self, digits: str) -> Rope:
        """An unsigned number without exponent."""

    def scientific(self, mantissa: str, exponent: str) -> Piece:
        """A number such as 6.02e23."""

    def verbatim(self, source: str) -> Rope:
        """Code that has no mathematical form."""

    def spelled(self, spelling: Spelling) -> Rope:
        """A function's or constant's name from the tables."""

    def brackets(self, body: Rope) -> Rope:
        """The body in round brackets."""

    def infix(self, parts: Sequence[Rope], between: Sequence[Spelling]) -> Rope:
        """Parts with signs between them (one fewer)."""

    def compare(self, parts: Sequence[Rope], between: Sequence[Spelling]) -> Rope:
        """A chain of comparisons."""

    def prefix(self, sign: Spelling, body: Rope) -> Rope:
        """A sign in front."""

    def power(self, base: Rope, exponent: Piece, integer: int | None) -> Rope:
        """A power; `integer` when the exponent is one literal whole number."""

    def call(self, head: Rope, arguments: Sequence[Rope]) -> Rope:
        """A function applied to arguments."""

    def sequence(self, items: Sequence[Rope], *, is_tuple: bool) -> Rope:
        """A tuple or list."""

    def cases(self, rows: Sequence[tuple[Piece, Piece | None]]) -> Piece:
        """A choice: values with conditions, the last without."""

    def indicator(self, condition: Rope) -> Rope:
        """1 where the condition holds, 0 elsewhere."""


class Access(Protocol):
    """Parts of values and arguments by name: all printers but SymPy's have them."""

    def keyword(self, name: str, value: Rope) -> Rope:
        """An argument by name."""

    def index(self, base: Rope, indices: Sequence[Rope]) -> Rope:
        """An element or slice."""

    def attribute(self, base: Rope, name: str) -> Rope:
        """A part by name: x.shape."""


class Drawing(Protocol):
    """What printers of mathematics draw in its own signs, and printers of code spell as calls."""

    def fence(self, fence: Fence, name: str, body: Rope) -> Rope:
        """Signs around the body; as a call by name where the signs could be misread."""

    def root(self, degree: int, body: Piece) -> Piece:
        """A square or cubic root."""

    def mark(self, base: Rope, mark: Spelling, *, is_raised: bool) -> Rope:
        """A sign behind the base, raised or not."""

    def index_sum(self, indices: str, factors: Sequence[tuple[Rope, str]]) -> Rope:
        """Σ over named indices of a product of indexed arrays."""


class Typesetting(Protocol):
    """What only two-dimensional printers draw."""

    def fraction(self, above: Rope, below: Rope) -> Rope:
        """A quotient with a bar."""

    def scripts(self, base: Rope, below: Rope | None, above: Rope | None) -> Rope:
        """Marks below and above at the right of a base."""

    def big(self, sign: Spelling, below: Rope | None, body: Rope) -> Rope:
        """A big operator over its body."""

    def words(self, text: str) -> Rope:
        """Upright words."""

    def overline(self, body: Rope) -> Rope:
        """A line over the body."""

    def matrix(self, rows: Sequence[Sequence[Rope]]) -> Rope:
        """Rows and columns in brackets."""


@dataclass(frozen=True, slots=True)
class Page:
    """A printer and what it is told about the names; what a printer cannot draw is None."""

    backend: Backend
    access: Access | None
    drawing: Drawing | None
    typesetting: Typesetting | None
    symbols: Mapping[str, Symbol]
    ranks: Mapping[str, int]
    subscripts: bool = False

    @property
    def column(self) -> Column:
        """Which spelling of the tables is printed."""
        return self.backend.column

    @property
    def is_exact(self) -> bool:
        """Whether the text is read back as code, so that grouping is kept as it is in the tree."""
        return self.drawing is None

    def symbol(self, identifier: str) -> Symbol:
        """The symbol of a name: as told, or derived from the identifier."""
        told = self.symbols.get(identifier)
        return told if told is not None else symbol_of(identifier, subscripts=self.subscripts)


def bracketed(page: Page, piece: Piece) -> Piece:
    """The piece in round brackets."""
    lead = Edge.SIGN if piece.is_signed else Edge.FENCE
    return Piece(page.backend.brackets(piece.rope), lead=lead, rank=piece.rank)


def fitted(page: Page, piece: Piece, loosest: Level, *, is_first: bool = True) -> Piece:
    """The piece, in brackets if it is looser than allowed or has a sign behind another sign.

    This is the one rule of bracketing.
    """
    if piece.level >= loosest and (is_first or not piece.is_signed):
        return piece
    return bracketed(page, piece)


def numeric(page: Page, piece: Piece) -> Piece:
    """The piece as a number: a condition inside arithmetic counts 1 or 0."""
    if not piece.is_boolean:
        return piece
    return Piece(page.backend.indicator(piece.rope), Level.ATOM, rank=piece.rank)


def base_of(page: Page, piece: Piece, *, for_subscript: bool = False) -> Piece:
    """The piece ready to carry a mark above (or below): brackets where it has one already."""
    is_taken = piece.has_subscript if for_subscript else piece.has_superscript
    if page.typesetting is not None and is_taken:
        return bracketed(page, piece)
    return fitted(page, piece, Level.CALL)


def product_sign(left: Piece, right: Piece) -> Spelling:
    """The sign between two factors: ⊙ between arrays, a dot where juxtaposition could be misread."""
    if left.rank and right.rank:
        return signs.HADAMARD
    if right.lead in {Edge.NUMBER, Edge.SIGN} or (left.trail is Edge.FRACTION is right.lead):
        return signs.DOT
    if left.is_number:
        return signs.DOT if right.lead is Edge.FRACTION else signs.COEFFICIENT
    if Edge.WORD in (left.trail, right.lead):
        return signs.DOT
    if left.trail is Edge.LETTER is right.lead:
        return signs.TIGHT
    return signs.THIN


def joined_rank(ranks: Sequence[int | None]) -> int | None:
    """The rank of an elementwise result: arrays win; unknown unless all are known or one is an array."""
    largest = max((rank for rank in ranks if rank is not None), default=0)
    return None if largest == 0 and None in ranks else largest


def ranks_of(shapes: Mapping[str, tuple[int, ...]] | None) -> dict[str, int]:
    """The number of dimensions of each name whose shape is told."""
    return {name: len(shape) for name, shape in (shapes or {}).items()}
