"""Makes an edit on a copy of a set-up. Floor 7."""

from collections.abc import Callable
from typing import Any

from glassgrad.doctor.subjects import edits
from glassgrad.doctor.subjects.torch import edit_data, edit_loss, edit_model, edit_optimizer, edit_weights
from glassgrad.doctor.subjects.torch.site import Site

_EDITORS: dict[type, Callable[[Site, Any], None]] = {
    edits.ScaleInputs: edit_data.scale_inputs,
    edits.ScaleTargets: edit_data.scale_targets,
    edits.DropRows: edit_data.drop_rows,
    edits.BatchSize: edit_data.join_batches,
    edits.Rate: edit_optimizer.rate,
    edits.NewOptimizer: edit_optimizer.new_optimizer,
    edits.Clip: edit_optimizer.clip,
    edits.Warmup: edit_optimizer.warmup,
    edits.NoDecay: edit_optimizer.no_decay,
    edits.StepAll: edit_optimizer.step_all,
    edits.ClearGradients: edit_optimizer.clear_gradients,
    edits.TrainMode: edit_optimizer.train_mode,
    edits.Longer: edit_optimizer.longer,
    edits.Activation: edit_model.activation,
    edits.Normalise: edit_model.normalise,
    edits.Residual: edit_model.residual,
    edits.LastActivation: edit_model.last_activation,
    edits.Initialise: edit_weights.initialise,
    edits.GateBias: edit_weights.gate_bias,
    edits.NewLoss: edit_loss.new_loss,
    edits.MeanLoss: edit_loss.mean_loss,
    edits.MatchShapes: edit_loss.match_shapes,
}


def edited(site: Site, edit: edits.Edit) -> None:
    """Changes the copy. Raises Cannot."""
    _EDITORS[type(edit)](site, edit)
