"""Records one forward pass as calls of layers and functions, and listens to the gradients on their way back. Floor 7.

Layers of PyTorch's own are seen by hooks, functions in a person's `forward` or loss by a TorchFunctionMode. Every call
is made with the very arguments it was given, so that the numbers of a recorded step are those of an unrecorded one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import torch
from torch.overrides import TorchFunctionMode

from glassgrad.doctor.subjects.torch.calls import Call, Edge
from glassgrad.doctor.subjects.torch.finiteness import Finiteness
from glassgrad.doctor.subjects.torch.heads import Heads
from glassgrad.doctor.subjects.torch.hooks import Hook
from glassgrad.doctor.subjects.torch.meter import Meter
from glassgrad.doctor.subjects.torch.modes import past_modes
from glassgrad.doctor.subjects.torch.operations import (
    LOSS_FUNCTIONS,
    Operation,
    kind_of_function,
    operation_of_function,
    operation_of_module,
)
from glassgrad.doctor.subjects.torch.places import caller
from glassgrad.doctor.subjects.torch.tensors import floating_in, is_within_a_transform, prediction_in, tensors_in
from glassgrad.doctor.subjects.torch.units import at_the_point, measure, slope_of

_RECURRENT_LAYERS = (torch.nn.RNNBase,)
_TRANSFORMED = "within a transform of torch.func"


@dataclass(slots=True)
class _Frame:
    """A layer that is being called."""

    path: str
    module: Any
    operation: Operation | None  # of a layer that is one link
    inputs: list[Edge]
    before: Any  # the input of an activation, as it was
    place: str | None


@dataclass(slots=True)
class LossCall:
    """A call of a loss function: its kind in the words of LossFacts, its place and what it was given."""

    name: str
    place: str | None
    arguments: tuple[Any, ...]
    reduction: str | None


@dataclass(slots=True)
class Recorded:
    """What was recorded."""

    calls: list[Call] = field(default_factory=list)
    losses: list[LossCall] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)  # of the whole model
    targets: list[Any] = field(default_factory=list)  # tensors without a gradient that functions after it were given
    places: list[str] = field(default_factory=list)  # lines of the person's own after the model
    first: Any = None  # the first tensor that went into a layer
    skipped: dict[str, str] = field(default_factory=dict)


class Recorder(TorchFunctionMode):  # type: ignore[misc]  # PyTorch's classes are `Any` to the checker
    """Records what happens while it is entered, and `lasts()`. `finite` looks for the first number that is none."""

    def __init__(
        self, model: Any, *, finite: bool = False, keep: bool = False, lasts: Callable[[], bool] | None = None
    ) -> None:
        super().__init__()
        self.recorded = Recorded()
        self.meter = Meter()
        self.heads = Heads(self.meter, keep=keep)
        self.finiteness = Finiteness() if finite else None
        self.is_listening = False
        self._lasts = lasts
        self._model = model
        self._parameters = {id(parameter) for parameter in model.parameters()}
        self._frames: list[_Frame] = []
        self._handles: list[Any] = []
        self._weights = ""  # the path of the last link with weights
        self._weights_kind = ""
        self._counts: dict[str, int] = {}
        self._named: dict[tuple[Any, ...], str] = {}
        self._latest: dict[str, Call] = {}  # the latest call of each path

    def attach(self) -> None:
        """Hooks the layers, and listens."""
        for path, module in self._model.named_modules():
            enter, leave = Hook(self._entering(path)), Hook(self._leaving)
            self._handles.append(module.register_forward_pre_hook(enter, with_kwargs=True))
            self._handles.append(module.register_forward_hook(leave, with_kwargs=True, always_call=True))
        self.is_listening = True

    def detach(self) -> None:
        """Takes the hooks away again."""
        self.is_listening = False
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._frames.clear()

    def restart(self) -> None:
        """Forgets the pass that was recorded: another begins."""
        self.recorded = Recorded()
        self._frames.clear()
        self.meter.unhook()
        self._weights = self._weights_kind = ""
        self._latest.clear()

    def __enter__(self) -> Self:
        self.attach()
        super().__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self.detach()

    @property
    def _phase(self) -> str:
        return "forward" if self._frames or not self.recorded.outputs else "loss"

    # ---- layers ------------------------------------------------------------------------------------------------

    def _entering(self, path: str) -> Callable[..., None]:
        @past_modes
        def enter(module: Any, arguments: Any, named: Any = None) -> None:
            if not self._handles:  # taken away meanwhile, by a hook before this one, and with it the right to `named`
                return
            is_new = self.is_listening and not self._is_inside_a_layer
            operation = operation_of_module(module) if is_new and torch.is_grad_enabled() else None
            inputs, before, place = [], None, None
            if operation is not None:
                self.is_listening = False
                try:
                    given = list(floating_in((arguments, named)))
                    if self.recorded.first is None:
                        self.recorded.first = next(tensors_in((arguments, named)), None)
                    inputs = [Edge.of(tensor) for tensor in given]
                    if operation.family in ("activation", "normalisation") and given:
                        before = given[0].detach().clone() if getattr(module, "inplace", False) else given[0].detach()
                    place = caller()[0]
                except Exception as error:  # noqa: BLE001 - the training that is watched goes on
                    self.recorded.skipped[path] = f"{type(error).__name__}: {error}"
                finally:
                    self.is_listening = True
            self._frames.append(_Frame(path, module, operation, inputs, before, place))

        return enter

    @past_modes
    def _leaving(self, module: Any, arguments: Any, named: Any, output: Any) -> None:
        if not self._frames:
            return
        frame = self._frames.pop()
        if not self.is_listening or not torch.is_grad_enabled():
            return
        self.is_listening = False
        try:
            if is_within_a_transform((arguments, named, output)):
                self.recorded.skipped[frame.path] = _TRANSFORMED
                return
            if frame.operation is not None and output is not None:
                self._layer_called(frame, arguments, output)
            if module is self._model:
                self.recorded.outputs.append(output)
                self.heads.begin(prediction_in(output))
        except Exception as error:  # noqa: BLE001 - the training that is watched goes on
            self.recorded.skipped[frame.path] = f"{type(error).__name__}: {error}"
        finally:
            self.is_listening = True

    @property
    def _is_inside_a_layer(self) -> bool:
        return bool(self._frames) and self._frames[-1].operation is not None

    def _layer_called(self, frame: _Frame, arguments: Any, output: Any) -> None:
        assert frame.operation is not None
        module, operation = frame.module, frame.operation
        has_weights = next(iter(module.parameters()), None) is not None
        key = (frame.path,) if has_weights else (frame.path, frame.place, self._weights)
        call = Call(self._name(key, frame.path), operation, frame.place, "forward", key, module)
        tensors = list(floating_in(output))
        if tensors:
            self._measure(call, tensors, frame.inputs, frame.before, module.forward)
        if isinstance(module, _RECURRENT_LAYERS):
            sequence = next(floating_in(arguments), None)
            if sequence is not None and sequence.requires_grad and sequence.ndim == 3:
                call.listen_in_time(sequence, 1 if module.batch_first else 0, self.meter)
        self.recorded.calls.append(call)
        if has_weights and operation.family != "normalisation":
            self._weights, self._weights_kind = call.path, operation.kind
        if self.finiteness is not None:
            self.finiteness.look(call, [edge.tensor for edge in frame.inputs], tensors)

    # ---- functions ---------------------------------------------------------------------------------------------

    @torch.compiler.disable  # type: ignore[untyped-decorator]  # what a person has compiled goes on as it was compiled
    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Makes the call as it is, and records it where it is a link of the chain."""
        named = kwargs or {}
        if not self.is_listening or self._is_inside_a_layer or not torch.is_grad_enabled():
            return function(*args, **named)
        if self._lasts is not None and not self._lasts():
            self.is_listening = False
            return function(*args, **named)
        name = getattr(function, "__name__", "")
        kind, loss = kind_of_function(name), LOSS_FUNCTIONS.get(name)
        if kind == "detach" and not (self._frames and args and getattr(args[0], "requires_grad", False)):
            return function(*args, **named)  # nothing is cut off, or not in the model
        if kind is None and loss is None and self.finiteness is None and self._phase == "forward":
            return function(*args, **named)
        self.is_listening = False
        try:
            return self._function_called(function, name, kind, loss, args, named)
        finally:
            self.is_listening = True

    def _function_called(
        self, function: Any, name: str, kind: str | None, loss: str | None, args: Any, named: Any
    ) -> Any:
        try:
            given = [] if name.startswith("__get__") else list(floating_in((args, named)))
            inputs = [Edge.of(tensor) for tensor in given]
            in_place = bool(named.get("inplace")) or (name.endswith("_") and not name.endswith("__"))
            before = given[0].detach().clone() if in_place and given else given[0] if given else None
        except Exception:  # noqa: BLE001 - the training that is watched goes on
            return function(*args, **named)
        output = function(*args, **named)
        if is_within_a_transform((args, named, output)):
            self.recorded.skipped[name] = _TRANSFORMED
            return output
        try:
            place, _ = caller()
            after = self._phase == "loss"
            if after:
                self._after_the_model(name, place, args, named, output)
            if loss is not None:
                self.recorded.losses.append(LossCall(loss, place, tuple(args), named.get("reduction")))
                self._compared(args, named)
            tensors, call = list(floating_in(output)), None
            if tensors and (kind is not None or self.finiteness is not None):
                operation = operation_of_function(kind, args) if kind else Operation(name.strip("_"), name, "other")
                call = self._record_function(function, operation, place, given, inputs, before, tensors, args, named)
            if after:
                self.heads.follow(name, kind, args, output, call)
        except Exception as error:  # noqa: BLE001 - the training that is watched goes on
            self.recorded.skipped[name] = f"{type(error).__name__}: {error}"
        return output

    def _record_function(
        self,
        function: Any,
        operation: Operation,
        place: str | None,
        given: list[Any],
        inputs: list[Edge],
        before: Any,
        tensors: list[Any],
        args: Any,
        named: Any,
    ) -> Call:
        around = self._frames[-1].path if self._frames else ""
        phase = self._phase
        base = operation.kind if phase == "forward" else f"loss.{operation.kind}"
        key = (around, base, place, self._weights)
        path = self._name(key, f"{around}.{base}" if around else base)
        call = Call(path, operation, place, "forward" if phase == "forward" else "loss", key)
        call.parameters = tuple(id(tensor) for tensor in given if id(tensor) in self._parameters)
        if kind_of_function(operation.kind) is not None:
            flowing = [edge for edge in inputs if id(edge.tensor) not in self._parameters]
            again = _again(function, args, named)
            self._measure(call, tensors, flowing, before, again)
            self.recorded.calls.append(call)
            if call.parameters and operation.family in ("weights", "recurrence"):
                self._weights, self._weights_kind = call.path, operation.kind
        if self.finiteness is not None:
            self.finiteness.look(call, [before, *given[1:]], tensors)
        return call

    def _after_the_model(self, name: str, place: str | None, args: Any, named: Any, output: Any) -> None:
        if place is not None and not name.startswith("__get__") and isinstance(output, torch.Tensor):
            self.recorded.places.append(place)
        if len(self.recorded.targets) < 16:
            self.recorded.targets.extend(
                tensor for tensor in tensors_in((args, named)) if not tensor.requires_grad and tensor.ndim
            )

    def _compared(self, args: Any, named: Any) -> None:
        """What a loss was given: the prediction, where the whole model was not called as one, and the targets."""
        given = args[0] if args else named.get("input")
        if not self.recorded.outputs and isinstance(given, torch.Tensor):
            self.heads.begin(given)
        known = {id(tensor) for tensor in self.recorded.targets}
        further = tensors_in((args[1:], named))
        self.recorded.targets.extend(one for one in further if not one.requires_grad and id(one) not in known)

    # ---- both --------------------------------------------------------------------------------------------------

    def _measure(
        self, call: Call, tensors: list[Any], inputs: list[Edge], before: Any, function: Callable[[Any], Any]
    ) -> None:
        call.shape = tuple(tensors[0].shape)
        kind = call.operation.kind
        call.listen(inputs, tensors, self.meter, self._latest.get(call.path))
        self._latest[call.path] = call
        output = tensors[0].detach()
        call.units = measure(
            output, call.operation, self._weights_kind, lambda: slope_of(kind, function, before, output), self.meter
        )
        call.point = at_the_point(call.operation, before, output, self.meter)

    def _name(self, key: tuple[Any, ...], path: str) -> str:
        """One path for each link: that of its layer, with a number from the second link of the same name on."""
        if key not in self._named:
            self._counts[path] = self._counts.get(path, 0) + 1
            count = self._counts[path]
            self._named[key] = path if count == 1 else f"{path}_{count}"
        return self._named[key]

    @property
    def prediction(self) -> Any:
        """The tensor that the model gave last, or None."""
        return prediction_in(self.recorded.outputs[-1]) if self.recorded.outputs else None


def _again(function: Any, args: Any, named: Any) -> Callable[[Any], Any]:
    """The function of its first argument alone."""
    return lambda first: function(first, *args[1:], **named)
