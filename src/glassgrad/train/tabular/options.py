"""What can be chosen about a network for a table, and what is chosen where nobody says. Floor 7."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from glassgrad.base.errors import DomainError, UsageError
from glassgrad.nn.activations import activation_of
from glassgrad.nn.linear import check_sizes
from glassgrad.optim.by_name import OPTIMISERS
from glassgrad.optim.rates import checked_number


@dataclass(frozen=True, slots=True)
class Options:
    """The network, its optimiser, and how long it trains. None is decided by the data.

    `hidden` are the sizes of the layers between; `rate` is a number or "auto", a range test. Training ends after
    `epochs`, or when the validation was not better for `patience` of them; the best network is kept.

    >>> Options(hidden=(64, 32), rate="auto").optimizer
    'adamw'
    """

    hidden: tuple[int, ...] = (128, 64)
    activation: str = "relu"
    optimizer: str = "adamw"
    rate: float | Literal["auto"] = 2e-3
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
        if self.patience is not None and self.patience < 0:
            raise DomainError(f"patience is {self.patience!r}, a number of epochs from 0")

    def to_dict(self) -> dict[str, Any]:
        """The options as JSON holds them."""
        return asdict(self) | {"hidden": list(self.hidden)}


def batch_size_for(rows: int) -> int:
    """A power of two from 16 to 1024, so that an epoch has some dozens of steps."""
    size = 16
    while size < 1024 and rows // (2 * size) >= 32:
        size *= 2
    return min(size, rows)
