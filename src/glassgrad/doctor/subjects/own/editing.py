"""What each edit does to a set-up of our own. Floor 7."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from glassgrad.base.errors import GlassgradError
from glassgrad.doctor.subjects import edits
from glassgrad.doctor.subjects.edits import Edit
from glassgrad.doctor.subjects.own import edit_model, edit_rest
from glassgrad.doctor.subjects.own.wired import stepping_all
from glassgrad.doctor.subjects.subject import Cannot
from glassgrad.optim.by_name import optimizer_of

if TYPE_CHECKING:
    from glassgrad.doctor.subjects.own.subject import OwnSubject

Own = TypeVar("Own", bound="OwnSubject")


def edited(subject: Own, edit: Edit) -> Own:
    """The subject with an edit made on copies. Raises Cannot."""
    try:
        changes = _of_model(subject, edit) or _of_rest(subject, edit) or _of_optimizer(subject, edit)
        if changes is None:
            raise Cannot(_NONE.get(type(edit), "there is no such edit for a model of ours"))
        kept: dict[str, Any] = {}
        if not changes.keys() & {"model", "loss", "optimizer"} and "machine" in subject.kept:
            kept["machine"] = subject.kept["machine"]  # the same functions serve other data and another rate
        found = replace(subject, **changes, kept=kept)
        found.setup()  # the model is called: shapes that no longer fit are said now
    except GlassgradError as error:
        raise Cannot(error.message) from error
    return found


_IN_LOSS = ("loss.softmax", "loss.log_softmax", "loss.sigmoid", "loss.tanh", "loss.relu")

_NONE = {
    edits.ClearGradients: "gradients are never kept from step to step here",
    edits.TrainMode: "a training step of ours always runs in training mode",
}


def _of_model(subject: Any, edit: Edit) -> dict[str, Any] | None:
    model = subject.model
    match edit:
        case edits.Activation(name):
            return {"model": edit_model.with_activation(model, subject.setup(), name)}
        case edits.Initialise():
            return {"model": edit_model.initialised(model, subject.setup())}
        case edits.Normalise():
            return {"model": edit_model.normalised(model, subject.setup())}
        case edits.Residual():
            return {"model": edit_model.with_residuals(model, subject.setup())}
        case edits.LastActivation(None) if subject.setup().parts[-1:] and subject.setup().parts[-1].path in _IN_LOSS:
            return {"loss": edit_rest.new_loss(subject.loss, subject.setup(), subject.setup().loss.name)}
        case edits.LastActivation(name):
            return {"model": edit_model.with_last_activation(model, subject.setup(), name)}
        case edits.GateBias():
            return {"model": edit_model.with_open_gates(model)}
        case edits.NoDecay(factor):
            optimizer = edit_rest.decayed(subject.optimizer, factor)
            has_decay = repr(optimizer) != repr(subject.optimizer)
            if not edit_model.has_dropout(model) and not has_decay:
                raise Cannot("there is neither weight decay nor dropout")
            return {"model": edit_model.with_dropout_times(model, factor), "optimizer": optimizer}
        case edits.StepAll():
            return stepping_all(model, subject.optimizer)
    return None


def _of_rest(subject: Any, edit: Edit) -> dict[str, Any] | None:
    setup = subject.setup
    match edit:
        case edits.NewLoss(name, classes):
            loss = edit_rest.new_loss(subject.loss, setup(), name)
            model = subject.model if classes is None else edit_model.widened(subject.model, setup(), classes)
            return {"loss": loss, "model": model}
        case edits.MeanLoss():
            return {"loss": edit_rest.mean_loss(subject.loss, setup())}
        case edits.MatchShapes():
            return {"loss": edit_rest.matched_loss(subject.loss)}
        case edits.ScaleInputs():
            return {"batches": edit_rest.scaled_inputs(subject.batches, setup())}
        case edits.ScaleTargets():
            return {"batches": edit_rest.scaled_targets(subject.batches, setup())}
        case edits.DropRows():
            return {"batches": edit_rest.without_rows(subject.batches)}
        case edits.BatchSize(factor):
            return {"batches": edit_rest.larger_batches(subject.batches, factor)}
        case edits.Longer(factor):
            return {"longer": subject.longer * factor}
    return None


def _of_optimizer(subject: Any, edit: Edit) -> dict[str, Any] | None:
    match edit:
        case edits.Rate(factor):
            return {"rate_factor": subject.rate_factor * factor}
        case edits.NewOptimizer(name, rate):
            return {"optimizer": optimizer_of(name, rate), "rate_factor": 1.0}
        case edits.Clip(norm):
            return {"optimizer": edit_rest.clipped(subject.optimizer, norm)}
        case edits.Warmup(steps):
            return {"optimizer": edit_rest.warmed_up(subject.optimizer, steps)}
    return None
