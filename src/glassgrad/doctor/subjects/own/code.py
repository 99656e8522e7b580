"""Edits as a person would write them with Glassgrad: a few lines, `- old` and `+ new` where something goes. Floor 7."""

import re

from glassgrad.doctor.measured.setup import Part, Setup
from glassgrad.doctor.subjects import edits
from glassgrad.doctor.subjects.edits import Edit


def code_of(edit: Edit, setup: Setup) -> str:
    """The lines of an edit."""
    return _of_model(edit, setup) or _of_loss(edit, setup) or _of_data(edit) or _of_optimizer(edit, setup)


def _of_model(edit: Edit, setup: Setup) -> str:
    match edit:
        case edits.Activation(name):
            old = next((part for part in setup.parts if part.family == "activation"), None)
            if old is None:
                return f"+ nn.{name},    # after each hidden layer"
            return (
                f"- nn.{old.kind},\n+ nn.{name},    # between layers; Linear(…, activation={name!r}) fits the weights"
            )
        case edits.Initialise():
            line = _first_weights(setup)
            size = f"{line.inputs}, {line.outputs}" if line is not None else "inputs, outputs"
            return f'nn.Linear({size}, key=key, activation="{_hidden(setup)}")    # drawn for what follows; biases 0'
        case edits.Normalise():
            line = _first_weights(setup)
            kind = "BatchNorm" if line is not None and "conv" in line.kind else "LayerNorm"
            return f"+ nn.{kind}({line.outputs if line is not None else 'size'}),    # after each hidden layer"
        case edits.Residual():
            inner = f"nn.Linear(n, n, key=key), nn.{_hidden(setup)}"
            return f"- {inner},\n+ nn.Residual(nn.Sequential({inner})),"
        case edits.LastActivation(None):
            last = setup.parts[-1].kind if setup.parts else "sigmoid"
            return f"- nn.{last},    # at the end of the model"
        case edits.LastActivation(name):
            return f"+ nn.{name},    # at the end of the model"
        case edits.GateBias():
            return "nn.LSTM(inputs, size, key=key, forget_bias=1.0)"
        case edits.StepAll():
            return "model = model.unfreeze()    # and one optimiser over all parameters"
        case edits.TrainMode():
            return "with nn.training(key):\n    loss = …"
    return ""


def _of_loss(edit: Edit, setup: Setup) -> str:
    match edit:
        case edits.NewLoss(name, classes):
            ours = name.removesuffix("_logits")
            wide = f"+ nn.Linear(…, {classes}, key=key)    # the last layer\n" if classes is not None else ""
            return f"{wide}- loss = {setup.loss.title}\n+ loss = nn.{ours}{_WANTS.get(name, '')}"
        case edits.MeanLoss():
            return f'- loss = {setup.loss.title}\n+ loss = the same with np.mean, or reduction="mean"'
        case edits.MatchShapes():
            return "+ target = target.reshape(prediction.shape)    # before the loss"
    return ""


_WANTS = {
    "cross_entropy": "    # takes logits, and labels as whole numbers",
    "binary_cross_entropy_logits": "    # takes logits, and targets 0 or 1 in the prediction's shape",
}


def _of_data(edit: Edit) -> str:
    match edit:
        case edits.ScaleInputs():
            return (
                "x = (x - x.mean(axis=0)) / x.std(axis=0)    # with the numbers of the training data; images by channel"
            )
        case edits.ScaleTargets():
            return "mean, deviation = y.mean(), y.std()\ny = (y - mean) / deviation    # prediction * deviation + mean"
        case edits.DropRows():
            return "whole = ~np.isnan(x).any(axis=1)\nx, y = x[whole], y[whole]"
        case edits.BatchSize(factor):
            return f"batch_size={factor} * batch_size"
        case edits.Longer(factor):
            return f"epochs={factor:g} * epochs"
    return ""


def _of_optimizer(edit: Edit, setup: Setup) -> str:
    first = setup.optimizers[0] if setup.optimizers else None
    title = _spelled(first.title if first is not None else "adam(0.001)")
    match edit:
        case edits.Rate(factor):
            return f"- {title}\n+ {_with_rate(title, setup, factor)}"
        case edits.NewOptimizer(name, rate):
            return f"- {title}\n+ optim.{name}({rate:g})"
        case edits.Clip(norm):
            return f"- {title}\n+ optim.chain(optim.clip_by_norm({norm:.3g}), {title})"
        case edits.Warmup(steps):
            rate = first.rate if first is not None else 1e-3
            return f"rate = optim.schedules.linear(0.0, {rate:g}, {steps})"
        case edits.NoDecay(factor):
            return "weight_decay=0.0, dropout=0.0" if not factor else f"weight_decay and dropout times {factor:g}"
        case edits.ClearGradients():
            return "gradients = gg.grad(loss)(model, x, y)    # anew in each step"
    return ""


def _spelled(title: str) -> str:
    """An optimiser as one writes it: `optim.chain(optim.clip_by_norm(1.0), optim.sgd(0.1))`."""
    return re.sub(r"(?<![\w.])([a-z_]+)\(", r"optim.\1(", title)


def _with_rate(title: str, setup: Setup, factor: float) -> str:
    """The same optimiser with another rate in its place."""
    first = setup.optimizers[0] if setup.optimizers else None
    name, rate = (first.name, first.rate) if first is not None else ("adam", 1e-3)
    found = re.search(rf"optim\.{name}\(([^,()]*)", title)
    if found is None or not found[1]:
        return f"{title}    # with its rates times {factor:g}"
    return f"{title[: found.start(1)]}{rate * factor:.3g}{title[found.end(1) :]}"


def _first_weights(setup: Setup) -> Part | None:
    return next((part for part in setup.parts if part.family == "weights" and part.kind != "embedding"), None)


def _hidden(setup: Setup) -> str:
    return next((part.kind for part in setup.parts if part.family == "activation"), "relu")
