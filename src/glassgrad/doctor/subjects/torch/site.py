"""What an edit may change: a copy of the learner, the batches and the habits of its steps. Floor 7."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from glassgrad.doctor.measured.setup import Setup
from glassgrad.doctor.subjects.torch.batches import Batch
from glassgrad.doctor.subjects.torch.chain import Hidden, chain_of
from glassgrad.doctor.subjects.torch.copying import Learner
from glassgrad.doctor.subjects.torch.stepping import Habits


@dataclass(slots=True)
class Site:
    """A copy that is being edited."""

    learner: Learner
    batches: tuple[Batch, ...]
    habits: Habits
    longer: float
    read: Callable[[], Setup]  # what the set-up was before this edit; it may not run half-edited

    @property
    def setup(self) -> Setup:
        """What the set-up was."""
        return self.read()

    @property
    def model(self) -> Any:
        """The copied model."""
        return self.learner.model

    def chain(self) -> list[Hidden]:
        """Its layers with weights."""
        return chain_of(self.learner, self.batches[0])

    def adopt(self, module: Any) -> None:
        """Gives new parameters to the optimiser, in a group like its first."""
        held = {
            id(one)
            for optimizer in self.learner.optimizers
            for group in optimizer.param_groups
            for one in group["params"]
        }
        fresh = [one for one in module.parameters() if id(one) not in held]
        if fresh:
            optimizer = self.learner.optimizers[0]
            group = {name: value for name, value in optimizer.param_groups[0].items() if name != "params"}
            optimizer.add_param_group({**group, "params": fresh})
            for scheduler in self.learner.schedulers:
                if hasattr(scheduler, "base_lrs"):
                    scheduler.base_lrs.append(group.get("initial_lr", group.get("lr")))
                if hasattr(scheduler, "lr_lambdas"):
                    scheduler.lr_lambdas.append(scheduler.lr_lambdas[0])

    def replace_parameter(self, old: Any, new: Any) -> None:
        """Lets the optimisers hold one parameter in place of another."""
        for optimizer in self.learner.optimizers:
            optimizer.state.pop(old, None)
            for group in optimizer.param_groups:
                group["params"] = [new if one is old else one for one in group["params"]]

    def to_device(self, module: Any) -> Any:
        """A new module where the model lies, of its kind of numbers."""
        one = next((parameter for parameter in self.model.parameters() if parameter.is_floating_point()), None)
        return module if one is None else module.to(device=one.device, dtype=one.dtype)
