"""`gg.doctor.watch`: a look at any PyTorch training loop from outside, in two lines. Floor 7."""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from glassgrad.base.errors import UsageError
from glassgrad.doctor.diagnosing import diagnosed
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.report.report import Report
from glassgrad.doctor.subjects import torch

if TYPE_CHECKING:
    from glassgrad.doctor.subjects.torch.visit import TorchVisit


class Visit:
    """A training as it is watched: enter it around the loop, and ask it for its report during or after the loop."""

    def __init__(self, watched: "TorchVisit") -> None:
        self._watched = watched

    def __enter__(self) -> Self:
        self._watched.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._watched.end()

    def while_(self, lasts: Callable[[], bool], end: Callable[[], None]) -> None:
        """For loops that do not tell of their end: where `lasts()` is no longer true, an event calls `end` instead."""
        self._watched.while_(lasts, end)

    def trace(self) -> Trace:
        """What was measured so far."""
        return self._watched.trace()

    def report(self) -> Report:
        """What there is to say so far: verdict, symptoms, causes, the ledger, and cures worth trying."""
        return diagnosed(self.trace())


def watch(model: Any, optimizer: Any, *, every: int | None = None) -> Visit:
    """Watches a training loop of PyTorch's: `with gg.doctor.watch(model, optimizer) as visit:` around the loop.

    `model` is a torch.nn.Module (also inside DataParallel or DistributedDataParallel) or a list of them; `optimizer`
    one of torch.optim or a list of those that step. Gradient accumulation, a GradScaler, closures, tied weights and
    parameters without a gradient are all right. Some steps are sampled, so few that measuring takes about a fortieth
    of the time; `every` fixes their distance instead. Layers have hooks in sampled steps only, every call of PyTorch is
    made as the loop makes it, and so the training computes the same numbers bit for bit. What goes wrong in watching
    is noted in the report and does not stop the training, but for functions compiled with `fullgraph=True`: PyTorch
    compiles none while somebody listens.

    Raises UsageError for what is no torch.nn.Module with its optimiser.

    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    >>> optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    >>> x = torch.rand(64, 2)
    >>> with gg.doctor.watch(model, optimizer) as visit:
    ...     for _ in range(200):
    ...         optimizer.zero_grad()
    ...         torch.nn.functional.mse_loss(model(x), x.sum(1, keepdim=True)).backward()
    ...         optimizer.step()
    >>> visit.report().verdict
    'healthy'
    """
    models = list(model) if isinstance(model, list | tuple) else [model]
    if not models or not all(torch.is_mine(one) for one in models):
        odd = next((one for one in models if not torch.is_mine(one)), model)
        raise UsageError(
            f"watch looks at a torch.nn.Module, found {type(odd).__name__}",
            hint="fit(…, doctor=True) watches the training of a model of Glassgrad",
        )
    if every is not None and every < 1:
        raise UsageError(f"every={every}: the distance between samples is at least 1 step")
    optimizers = list(optimizer) if isinstance(optimizer, list | tuple) else [optimizer]
    return Visit(_visit()(models, optimizers, every))


def _visit() -> Callable[[Sequence[Any], Sequence[Any], int | None], "TorchVisit"]:
    from glassgrad.doctor.subjects.torch.visit import visit_of

    return visit_of
