"""What can be chosen about a network for a table, and what is chosen where nobody says. Floor 7."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from glassgrad.base.errors import DomainError, UsageError
from glassgrad.nn.activations import activation_of
from glassgrad.nn.linear import check_sizes
from glassgrad.optim.by_name import OPTIMISERS
from glassgrad.optim.rates import checked_number

_DECAY_BY_STEP = 1e-3  # of the weights, by AdamW: rate times weight decay
_SMALL = 5000  # rows up to which a table needs all of the regularisation


@dataclass(frozen=True, slots=True)
class Options:
    """The network, its optimiser, and how long it trains. What is None is decided by the number of rows.

    `hidden` are the sizes of the layers between; `rate` is a number or "auto", a range test. Training ends after
    `epochs`, or when the validation was not better for `patience` of them; the best network is kept. The defaults are
    those that did best on small and middling tables (benchmarks/tabular.py): one wide layer, much regularisation.

    >>> Options(hidden=(64, 32), rate="auto").decided(rows=2000, rate=1e-3).dropout
    0.1
    """

    hidden: tuple[int, ...] = (192,)
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
        check_sizes("Options", epochs=self.epochs, **{f"hidden[{i}]": size for i, size in enumerate(self.hidden)})
        if self.batch_size is not None:
            check_sizes("Options", batch_size=self.batch_size)
        activation_of(self.activation)
        if self.optimizer not in OPTIMISERS:
            raise UsageError(f"there is no optimizer {self.optimizer!r}", hint=f"one of {', '.join(OPTIMISERS)}")
        if self.rate != "auto" and not 0 < checked_number(self.rate, "the rate") < 1e6:
            raise DomainError(f"the rate is a positive number or 'auto', found {self.rate!r}")
        for name in ("weight_decay", "dropout", "clip"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < (1 if name == "dropout" else float("inf")):
                raise DomainError(f"{name} is {value!r}", hint="a number from 0, dropout below 1")
        if not 0 <= self.seed < 2**63:
            raise DomainError(f"seed is {self.seed!r}", hint="a whole number from 0")
        if self.patience is not None and self.patience < 0:
            raise DomainError(f"patience is {self.patience!r}, a number of epochs from 0")

    def decided(self, rows: int, rate: float) -> "Options":
        """The options with nothing left open, for so many rows of training.

        Weight decay is by step, whatever the rate is, and fades as there is more data; only AdamW takes it by itself.
        Narrow layers can spare no unit, so they have less dropout.
        """
        decay = _DECAY_BY_STEP / rate * min(1.0, _SMALL / rows) if self.optimizer == "adamw" else 0.0
        narrowest = min(self.hidden, default=0)
        dropout = 0.0 if narrowest < 32 else 0.1 if narrowest < 64 or rows > 20 * _SMALL else 0.3
        return replace(
            self,
            rate=rate,
            weight_decay=decay if self.weight_decay is None else self.weight_decay,
            dropout=dropout if self.dropout is None else self.dropout,
            batch_size=min(self.batch_size or _batch_size(rows), rows),
            patience=(30 if rows <= 4 * _SMALL else 10) if self.patience is None else self.patience,
        )

    def to_dict(self) -> dict[str, Any]:
        """The options as JSON holds them."""
        return asdict(self) | {"hidden": list(self.hidden)}


def _batch_size(rows: int) -> int:
    """64 for small tables; a power of two up to 1024 for larger ones, so that an epoch has some hundred steps."""
    size = 64
    while size < 1024 and rows // (2 * size) >= 256:
        size *= 2
    return size
