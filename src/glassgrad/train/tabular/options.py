"""What can be chosen about a network for a table, and what is chosen where nobody says. Floor 7."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, TypeAlias

from glassgrad.base.errors import DomainError, UsageError
from glassgrad.nn.activations import activation_of
from glassgrad.nn.linear import check_sizes
from glassgrad.optim.by_name import OPTIMISERS
from glassgrad.optim.rates import checked_number

_DECAY_BY_STEP = 1e-3  # of the weights, by AdamW: rate times weight decay
_SMALL = 5000  # rows up to which a table needs all of the regularisation
_FEW = 250  # rows of training below which those of the validation say less than they teach
_ENOUGH, _MANY = 1000, 100_000  # rows from which several manners are tried, and from which each takes too long

Manner: TypeAlias = Literal["strong", "light", "deep"]
MANNERS: dict[Manner, str] = {
    "strong": "much regularisation",
    "light": "little regularisation",
    "deep": "two layers, little regularisation",
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of the trainings between which the validation decided: its smallest loss there, and what it took."""

    manner: Manner
    loss: float
    epochs: int
    seconds: float
    is_kept: bool

    def said(self) -> str:
        """The candidate in words."""
        return f"{MANNERS[self.manner]} {self.loss:.4g}{' (kept)' if self.is_kept else ''}"


@dataclass(frozen=True, slots=True)
class Options:
    """The network, its optimiser, and how long it trains. What is None is decided by the number of rows.

    `hidden` are the sizes of the layers between; `rate` is a number or "auto", a range test. Training ends after
    `epochs`, or when the validation was not better for `patience` of them; the best network is kept. The defaults are
    those that did best on some forty tables, among them those of benchmarks/tabular.py: one wide layer, much
    regularisation. Below 250 rows of training it learns for all epochs, from the rows of the validation too; from 1000
    rows on networks of less regularisation and of two layers are trained as well, and the validation decides.

    >>> Options(hidden=(64, 32), rate="auto").decided(rows=2000, rate=1e-3).dropout
    0.1
    """

    hidden: tuple[int, ...] | None = None
    activation: str = "relu"
    optimizer: str = "adamw"
    rate: float | Literal["auto"] = 1e-3
    weight_decay: float | None = None
    dropout: float | None = None
    clip: float | None = 1.0
    batch_size: int | None = None
    epochs: int = 200
    patience: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        check_sizes("Options", epochs=self.epochs, **{f"hidden[{i}]": size for i, size in enumerate(self.hidden or ())})
        if self.batch_size is not None:
            check_sizes("Options", batch_size=self.batch_size)
        activation_of(self.activation)
        if self.optimizer not in OPTIMISERS:
            raise UsageError(f"there is no optimizer {self.optimizer!r}", hint=f"one of {', '.join(OPTIMISERS)}")
        is_wrong = isinstance(self.rate, int | float) and not 0 < self.rate < 1e6
        if is_wrong or (self.rate != "auto" and not checked_number(self.rate, "the rate")):
            raise DomainError(f"Options: rate is {self.rate!r}", hint="a positive number, as 0.001, or 'auto'")
        for name in ("weight_decay", "dropout", "clip"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < (1 if name == "dropout" else float("inf")):
                hint = "a share from 0 to below 1" if name == "dropout" else "a number from 0"
                raise DomainError(f"Options: {name} is {value!r}", hint=hint)
        if not 0 <= self.seed < 2**63:
            raise DomainError(f"Options: seed is {self.seed!r}", hint="a whole number from 0")
        if self.patience is not None and self.patience < 0:
            raise DomainError(f"Options: patience is {self.patience!r}", hint="a number of epochs from 0")

    def manners(self, rows: int) -> tuple[Manner, ...]:
        """What is tried for so many rows of training: only what is left open differs."""
        if not _ENOUGH <= rows <= _MANY:
            return ("strong",)
        found: list[Manner] = ["strong"]
        found += ["light"] if self.weight_decay is None or self.dropout is None else []
        found += ["deep"] if self.hidden is None else []
        return tuple(found)

    def spares_no_rows(self, rows: int) -> bool:
        """Is it better to learn from the rows of the validation too than to end by them?"""
        return self.patience is None and rows < _FEW

    def decided(self, rows: int, rate: float, manner: Manner = "strong") -> "Options":
        """The options with nothing left open, for so many rows of training.

        Weight decay is by step, whatever the rate is, and fades as there is more data; only AdamW takes it by itself.
        Narrow layers can spare no unit, so they have less dropout.
        """
        is_light = manner != "strong"
        decay = (0.1 if is_light else min(1.0, _SMALL / rows)) * _DECAY_BY_STEP / rate
        hidden = self.hidden if self.hidden is not None else (192, 192) if manner == "deep" else (192,)
        narrowest = min(hidden, default=0)
        dropout = 0.0 if narrowest < 32 else 0.1 if is_light or narrowest < 64 or rows > 20 * _SMALL else 0.3
        if self.optimizer != "adamw":
            decay = 0.0
        return replace(
            self,
            hidden=hidden,
            rate=rate,
            weight_decay=decay if self.weight_decay is None else self.weight_decay,
            dropout=dropout if self.dropout is None else self.dropout,
            batch_size=min(self.batch_size or _batch_size(rows), rows),
            patience=(30 if rows <= 4 * _SMALL else 10) if self.patience is None else self.patience,
        )

    def to_dict(self) -> dict[str, Any]:
        """The options as JSON holds them."""
        return asdict(self) | {"hidden": None if self.hidden is None else list(self.hidden)}


def _batch_size(rows: int) -> int:
    """64 for small tables; a power of two up to 1024 for larger ones, so that an epoch has some hundred steps."""
    size = 64
    while size < 1024 and rows // (2 * size) >= 256:
        size *= 2
    return size
