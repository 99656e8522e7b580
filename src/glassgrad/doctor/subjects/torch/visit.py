"""A person's own training loop, watched from outside. Floor 7."""

import threading
from collections.abc import Callable, Mapping, Sequence
from math import inf
from time import perf_counter
from typing import Any

import torch
from torch.autograd.graph import GradientEdge

from glassgrad.base.errors import UsageError
from glassgrad.doctor.measured.sample import Bad, Sample
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.subjects.torch import backwards
from glassgrad.doctor.subjects.torch.compiled import is_compiled, original_of, takes_hooks
from glassgrad.doctor.subjects.torch.hooks import Hook
from glassgrad.doctor.subjects.torch.loss_values import LossValues
from glassgrad.doctor.subjects.torch.pace import Pace
from glassgrad.doctor.subjects.torch.seen import Seen
from glassgrad.doctor.subjects.torch.session import Session
from glassgrad.doctor.subjects.torch.tracing import in_parameters, in_pass
from glassgrad.doctor.subjects.torch.wires import Wires

_WRAPPERS = ("DataParallel", "DistributedDataParallel")


class TorchVisit:
    """Watches one model and its optimisers between `begin` and `end`. It never lets an error of its own out."""

    def __init__(self, model: Any, optimizers: Sequence[Any], every: int | None = None) -> None:
        self._called = model.module if type(model).__name__ in _WRAPPERS else model
        self._model = original_of(self._called)
        self._optimizers = list(optimizers)
        self._wires = [Wires(one) for one in self._optimizers]
        self._seen = Seen(self._model, self._optimizers)
        self._every = every
        self._pace = Pace(every)
        self._session: Session | None = None
        self._handles: list[Any] = []
        self._losses = LossValues()
        self._unscaled: dict[int, tuple[Any, Any]] = {}
        self._last_call: tuple[Any, Any] | None = None
        self._thread: int | None = None
        self._is_compiled = is_compiled(self._called)
        self._seconds: float | None = None
        self._lasts: Callable[[], bool] = _always
        self._over: Callable[[], None] = self.end
        self.samples: list[Sample] = []
        self.bad: Bad | None = None
        self.backwards = 0
        self.notes: dict[str, None] = {}

    def while_(self, lasts: Callable[[], bool], over: Callable[[], None]) -> None:
        """What happens once `lasts()` is no longer true is none of its business: `over` is called."""
        self._lasts, self._over = lasts, over

    # ---- begin and end -----------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Starts to watch. What cannot be watched is noted, and nothing of it stays behind."""
        try:
            self._begin()
        except Exception as error:  # noqa: BLE001 - the training goes on unwatched
            self._note(f"it cannot be watched: {type(error).__name__}: {error}")
            self.end()

    def _begin(self) -> None:
        self._pace, self._seconds = Pace(self._every), None
        if takes_hooks(self._called):
            begins = Hook(self._guarded(self._forward_begins))
            self._handles.append(self._called.register_forward_pre_hook(begins, with_kwargs=True))
        if self._is_compiled:
            self._note("a compiled model is watched from outside: loss, prediction and weights, without its links")
            if takes_hooks(self._called):
                ends = Hook(self._guarded(self._forward_ends))
                self._handles.append(self._called.register_forward_hook(ends))
        for number, optimizer in enumerate(self._optimizers):
            before, after = self._within(self._before_step), self._within(self._after_step)
            self._handles.append(optimizer.register_step_pre_hook(_with(before, number)))
            self._handles.append(optimizer.register_step_post_hook(_with(after, number)))
        backwards.listen(self)
        self._arm()

    def end(self) -> None:
        """Stops; what was seen stays."""
        self._lasts = _always
        backwards.leave(self)
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        if self._session is not None:
            session, self._session = self._session, None
            self._guarded(lambda: self._finish(session))()
            session.close()
        self._seconds = self._pace.seconds
        self._last_call = None

    def _guarded(self, function: Callable[..., None]) -> Callable[..., None]:
        """The function, whose errors are noted and go no further: the training that is watched goes on."""

        def guarded(*arguments: Any, **named: Any) -> None:
            if not self._lasts():
                if self._session is None or self._session.can_close:
                    self._over()
                return
            begun = perf_counter()
            try:
                function(*arguments, **named)
            except Exception as error:  # noqa: BLE001 - see above
                self._note(f"{function.__name__.strip('_')}: {type(error).__name__}: {error}")
            if self._session is None:
                self._pace.add(perf_counter() - begun)

        return guarded

    def _within(self, function: Callable[..., None]) -> Callable[..., None]:
        """The function within a step of an optimiser, which goes through its hooks: none may be taken away here."""
        guarded = self._guarded(function)

        def within(*arguments: Any) -> None:
            if self._lasts():
                guarded(*arguments)

        return within

    def _note(self, text: str) -> None:
        if len(self.notes) < 20:
            self.notes[text] = None

    @property
    def steps(self) -> int:
        """Steps that were closed."""
        return self._losses.steps

    # ---- the events of a loop ----------------------------------------------------------------------------------

    def _arm(self) -> None:
        """Gets ready to sample the step that begins."""
        if self._session is None and self._pace.is_due(self.steps):
            session = Session(self._model, self._seen, self.steps, len(self._optimizers), self._lasts)
            if not self._is_compiled:  # which would be compiled anew for whoever listens
                session.open()
            self._session = session

    def _forward_begins(self, module: Any, arguments: Any, named: Mapping[str, Any]) -> None:
        if not torch.is_grad_enabled():
            return
        self._thread = threading.get_ident()
        self._last_call = (arguments, named)
        if self._session is not None:
            self._session.forward_begins(self._model, arguments, named)

    def _forward_ends(self, module: Any, arguments: Any, output: Any) -> None:
        if self._session is not None and torch.is_grad_enabled():
            self._session.forward_ends(output)

    def scaled(self, loss: Any, result: Any) -> None:
        """A GradScaler has scaled a loss: the loss is what is told, not its multiple."""
        if isinstance(loss, torch.Tensor) and isinstance(result, torch.Tensor):
            self._unscaled[id(result)] = (loss, result)

    def before_backward(self, tensors: Any) -> None:
        """See `backwards`."""
        if self._thread in (None, threading.get_ident()):
            self._guarded(self._backward_begins)(tensors)

    def _backward_begins(self, tensors: Any) -> None:
        tensor = _first(tensors)
        cleared = [wire.before_backward() for wire in self._wires]
        if cleared and cleared[0]:
            self._losses.forget_open()
        if tensor is None:
            return
        self.backwards += 1
        loss, scaled = self._unscaled.pop(id(tensor), (tensor, None))
        if not tensor.requires_grad:
            self._seen.events["detached"] = None
        if self._losses.add(loss):
            self._trace()
        if self._session is not None:
            self._session.backward_begins(loss, scaled)

    def after_backward(self) -> None:
        """See `backwards`."""
        if self._thread in (None, threading.get_ident()):
            self._guarded(self._backward_ends)()

    def _backward_ends(self) -> None:
        for wire in self._wires:
            wire.after_backward()
        if self._session is not None:
            self._session.backward_ends()

    def _before_step(self, number: int) -> None:
        if self._session is not None and (self._session.has_backward or self._is_closure()):
            if number in self._session.stepped:  # it steps again: the others never did
                self._finish(self._session)
                return
            self._session.before_step(number, self._optimizers[number])

    def _is_closure(self) -> bool:
        return not self._losses.has_open

    def _after_step(self, number: int) -> None:
        self._wires[number].after_step()
        session = self._session
        if session is not None:
            session.after_step(number, self._optimizers[number])
        if number == 0:
            self._unscaled.clear()
            self._losses.close(first_alone="LBFGS" in type(self._optimizers[0]).__name__)
        try:
            if session is not None and session.is_complete:
                self._finish(session)
        finally:  # a sample that could not be made was paid for, too
            if number == 0:
                self._pace.ended(self.steps - 1, was_sampled=session is not None)
                self._arm()

    def _finish(self, session: Session) -> None:
        self._session = None
        try:
            sample = session.sample()
        finally:
            session.close()
        if sample is not None:
            self.samples.append(sample)

    # ---- numbers that are none ---------------------------------------------------------------------------------

    def _trace(self) -> None:
        """Where the first loss that is no number came from."""
        if self.bad is not None:
            return
        step = self.steps
        self.bad = Bad(step, "loss", "loss", "loss", "nan")
        found = in_parameters(step, self._model)
        if found is not None:
            self.bad = Bad(max(0, step - 1), "update", found.path, found.operation, found.what, found.says)
        elif self._last_call is not None and not self._is_compiled:
            session, self._session = self._session, None  # which does not see this pass
            was_listening = session is not None and session.pause()
            try:
                self.bad = in_pass(step, self._model, *self._last_call) or self.bad
            finally:
                self._session = session
                if session is not None and was_listening:
                    session.resume()

    # ---- what was seen -----------------------------------------------------------------------------------------

    def trace(self) -> Trace:
        """All of it."""
        losses = self._losses.all()
        found = self._losses.first_bad()
        if self.bad is None and found is not None:
            step, loss = found
            self.bad = Bad(step, "loss", "loss", "loss", "inf" if abs(loss) == inf else "nan")
        setup = self._seen.setup(self._events())
        seconds = self._seconds if self._seconds is not None else self._pace.seconds
        return Trace(
            setup,
            losses,
            tuple(self.samples),
            self.bad,
            seconds=seconds,
            overhead=min(self._pace.overhead, seconds),
            notes=(*self.notes, *self._seen.notes),
        )

    def _events(self) -> tuple[str, ...]:
        events = []
        if any(wire.kept > max(1, wire.steps // 4) for wire in self._wires):
            events.append("gradients_kept")
        if self.backwards > 2 and not any(wire.steps for wire in self._wires):
            events.append("no_step")
        if self.steps > 2 and not self.backwards:
            events.append("no_backward")
        return tuple(events)


def _first(given: Any) -> Any:
    """The first tensor that `backward` is given; None where that is an edge of autograd's graph."""
    first = given if isinstance(given, torch.Tensor | GradientEdge) else next(iter(given), None)
    return first if isinstance(first, torch.Tensor) else None


def _always() -> bool:
    return True


def _with(function: Callable[..., None], number: int) -> Callable[..., None]:
    """A hook of an optimiser's step."""

    def hook(optimizer: Any, arguments: Any, named: Any) -> None:
        function(number)

    return hook


def visit_of(models: Sequence[Any], optimizers: Sequence[Any], every: int | None) -> TorchVisit:
    """A visit to one model or several. Raises UsageError where an optimiser is none."""
    odd = next((one for one in optimizers if not isinstance(one, torch.optim.Optimizer)), None)
    if odd is not None or not optimizers:
        raise UsageError(
            f"the optimizer is one of torch.optim, found {type(odd).__name__}",
            hint="gg.doctor.watch(model, optimizer), with the optimizer that the loop steps",
        )
    return TorchVisit(models[0] if len(models) == 1 else torch.nn.ModuleList(models), optimizers, every)
