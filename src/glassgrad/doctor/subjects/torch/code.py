"""An edit as a person would write it in their PyTorch program. Floor 7."""

from glassgrad.doctor.measured.setup import Setup
from glassgrad.doctor.subjects import edits
from glassgrad.doctor.subjects.edits import Edit

_MODULES = {
    "relu": "nn.ReLU()", "leaky_relu": "nn.LeakyReLU(0.01)", "gelu": "nn.GELU()", "tanh": "nn.Tanh()",
    "silu": "nn.SiLU()", "sigmoid": "nn.Sigmoid()", "softmax": "nn.Softmax(dim=-1)",
    "log_softmax": "nn.LogSoftmax(dim=-1)",
}  # fmt: skip
_LOSSES = {
    "mse": "nn.MSELoss()",
    "cross_entropy": "nn.CrossEntropyLoss()",
    "binary_cross_entropy_logits": "nn.BCEWithLogitsLoss()",
    "huber": "nn.SmoothL1Loss()",
}
_OPTIMIZERS = {
    "sgd": "torch.optim.SGD(model.parameters(), lr={rate:g})",
    "momentum": "torch.optim.SGD(model.parameters(), lr={rate:g}, momentum=0.9)",
    "adam": "torch.optim.Adam(model.parameters(), lr={rate:g})",
    "adamw": "torch.optim.AdamW(model.parameters(), lr={rate:g}, weight_decay=0)",
    "rmsprop": "torch.optim.RMSprop(model.parameters(), lr={rate:g})",
}
_POINTWISE = (
    "sigmoid",
    "tanh",
    "relu",
    "elu",
    "softplus",
    "gelu",
    "silu",
    "leaky_relu",
    "softsign",
    "selu",
    "hard_tanh",
)


def code_of(edit: Edit, setup: Setup) -> str:
    """The edit in a few lines, `- old` and `+ new` where something is replaced."""
    match edit:
        case edits.ScaleInputs():
            return _scaled_inputs(setup)
        case edits.ScaleTargets():
            return (
                "mean, std = y_train.mean(0), y_train.std(0)\n"
                "y = (y - mean) / std          # in the loop; predictions are prediction * std + mean"
            )
        case edits.Rate(factor):
            return _rate(setup, factor)
        case edits.NewOptimizer(name, rate):
            old = setup.optimizers[0].title if setup.optimizers else "…"
            return f"- optimizer = {_optimizer(old)}\n+ optimizer = {_OPTIMIZERS[name].format(rate=rate)}"
        case edits.Activation(name):
            return _activation(setup, name)
        case edits.LastActivation(name):
            return _last(setup, name)
        case edits.NewLoss(name, classes):
            return _loss(setup, name, classes)
        case edits.Clip(norm):
            return (
                f"loss.backward()\n+ torch.nn.utils.clip_grad_norm_(model.parameters(), {norm:.3g})\noptimizer.step()"
            )
        case edits.Warmup(steps):
            return (
                "warmup = torch.optim.lr_scheduler.LambdaLR(optimizer, "
                f"lambda step: min(1.0, (step + 1) / {steps}))\n"
                "optimizer.step()\n+ warmup.step()"
            )
        case _:
            return _fixed(edit, setup)


def _optimizer(title: str) -> str:
    name, _, rest = title.partition("(")
    return f"torch.optim.{name}(model.parameters(), {rest}"


def _scaled_inputs(setup: Setup) -> str:
    data = setup.data
    if data is not None and len(data.input_shape) >= 3:
        return (
            "mean, std = x_train.mean((0, 2, 3), keepdim=True), x_train.std((0, 2, 3), keepdim=True)\n"
            "x = (x - mean) / std          # in the loop, and at prediction"
        )
    axes = "(0, 1)" if data is not None and len(data.input_shape) == 2 else "0"
    return (
        f"mean, std = x_train.mean({axes}), x_train.std({axes}).clamp(min=1e-8)\n"
        "x = (x - mean) / std          # in the loop, and at prediction"
    )


def _rate(setup: Setup, factor: float) -> str:
    if len(setup.optimizers) == 1:
        one = setup.optimizers[0]
        new = one.title.replace(f"lr={one.rate:g}", f"lr={one.rate * factor:g}")
        return f"- optimizer = {_optimizer(one.title)}\n+ optimizer = {_optimizer(new)}"
    return f'for group in optimizer.param_groups:\n    group["lr"] *= {factor:g}'


def _activation(setup: Setup, name: str) -> str:
    weighted = [place for place, part in enumerate(setup.parts) if part.family == "weights"]
    last = weighted[-1] if weighted else len(setup.parts)
    hidden = [part for place, part in enumerate(setup.parts) if place < last and part.kind in _POINTWISE]
    new = _MODULES[name]
    if not hidden:
        first = setup.parts[weighted[0]].operation if weighted else "the layer"
        return f"nn.{first.replace(' → ', ', ')},\n+ {new},          # and after each further layer but the last"
    lines = [f"- {_module(part.operation)}\n+ {new}          # {part.path}" for part in hidden[:3]]
    more = len(hidden) - 3
    return "\n".join([*lines, f"# and {more} more"] if more > 0 else lines)


def _module(title: str) -> str:
    return _MODULES.get(title, title)


def _last(setup: Setup, name: str | None) -> str:
    last = setup.parts[-1] if setup.parts else None
    old = last if last is not None and last.family == "activation" else None
    taken = "" if old is None else f"- {_module(old.operation)}          # {old.place or old.path}"
    added = "" if name is None else f"+ {_MODULES[name]}          # after the last layer"
    return "\n".join(line for line in (taken, added) if line) or "# no activation after the last layer"


def _loss(setup: Setup, name: str, classes: int | None) -> str:
    lines = []
    if classes is not None:
        last = next((part for part in reversed(setup.parts) if part.kind == "linear"), None)
        if last is not None:
            lines += [f"- nn.Linear({last.inputs}, {last.outputs})", f"+ nn.Linear({last.inputs}, {classes})"]
    lines += [f"- loss = {setup.loss.title}", f"+ loss = {_LOSSES[name]}"]
    data = setup.data
    if data is not None and name == "cross_entropy" and not data.target_dtype.startswith("int"):
        lines.append("+ y = y.long()" if not data.target_shape else "+ y = y.squeeze(-1).long()")
    if data is not None and name == "binary_cross_entropy_logits":
        lines.append("+ y = y.float().view_as(prediction)")
    return "\n".join(lines)


def _fixed(edit: Edit, setup: Setup) -> str:
    match edit:
        case edits.Initialise():
            return (
                "for module in model.modules():\n"
                "    if isinstance(module, (nn.Linear, nn.Conv2d)):\n"
                f"        nn.init.{_initialiser(setup)}\n"
                "        if module.bias is not None:\n"
                "            nn.init.zeros_(module.bias)"
            )
        case edits.Normalise():
            return _normalise(setup)
        case edits.Residual():
            return "- x = activation(layer(x))\n+ x = x + activation(layer(x))          # where the shapes agree"
        case edits.MeanLoss():
            return f"- loss = {setup.loss.title}\n+ loss = {_averaged(setup.loss.title)}"
        case edits.MatchShapes():
            return "- loss(prediction, y)\n+ loss(prediction, y.view_as(prediction))"
        case edits.ClearGradients():
            return "+ optimizer.zero_grad()\nloss.backward()\noptimizer.step()"
        case edits.StepAll():
            return _step_all(setup)
        case edits.TrainMode():
            return "+ model.train()          # before the loop, and after each evaluation"
        case edits.NoDecay(factor):
            return _weaker(setup, factor)
        case edits.GateBias():
            is_gru = any(part.kind == "gru" for part in setup.parts)
            return (
                "for name, bias in model.named_parameters():\n"
                f'    if "bias_ih" in name:          # the second gate of {"(r, z, n)" if is_gru else "(i, f, g, o)"}\n'
                f"        size = len(bias) // {3 if is_gru else 4}\n"
                "        bias.data[size : 2 * size] = 1.0"
            )
        case edits.DropRows():
            good = "x.flatten(1).isfinite().all(1) & y.reshape(len(y), -1).isfinite().all(1)"
            return f"good = {good}\nx, y = x[good], y[good]"
        case edits.Longer(factor):
            return f"epochs = {factor:g} * epochs"
        case edits.BatchSize(factor):
            size = setup.data.batch if setup.data is not None else 0
            return f"- batch_size={size}\n+ batch_size={size * factor}" if size else f"batch_size *= {factor}"
    raise TypeError(f"{type(edit).__name__} is no edit")


def _initialiser(setup: Setup) -> str:
    kinds = {part.kind for part in setup.parts}
    rectified = kinds & {"relu", "leaky_relu", "gelu", "silu", "elu"}
    return 'kaiming_normal_(module.weight, nonlinearity="relu")' if rectified else "xavier_uniform_(module.weight)"


def _normalise(setup: Setup) -> str:
    lines = []
    weighted = [part for part in setup.parts if part.kind in ("linear", "conv")][:-1]
    for part in weighted[:3]:
        kind = f"nn.BatchNorm2d({part.outputs})" if part.kind == "conv" else f"nn.LayerNorm({part.outputs})"
        lines.append(f"+ {kind}          # after {part.path}")
    return "\n".join([*lines, f"# and {len(weighted) - 3} more"] if len(weighted) > 3 else lines)


def _averaged(title: str) -> str:
    if "reduction='sum'" in title:
        return title.replace("reduction='sum'", "reduction='mean'")
    return f"{title} / len(y)"


def _step_all(setup: Setup) -> str:
    lines = []
    if any(not one.learns for one in setup.parameters):
        lines.append("for parameter in model.parameters():\n    parameter.requires_grad_(True)")
    old = setup.optimizers[0].title if setup.optimizers else "Adam(lr=0.001)"
    lines.append(f"optimizer = {_optimizer(old)}          # all of model.parameters(), after the model is complete")
    return "\n".join(lines)


def _weaker(setup: Setup, factor: float) -> str:
    lines = []
    for one in setup.optimizers:
        if one.decay:
            new = one.title.replace(f"weight_decay={one.decay:g}", f"weight_decay={one.decay * factor:g}")
            lines += [f"- optimizer = {_optimizer(one.title)}", f"+ optimizer = {_optimizer(new)}"]
    for part in setup.parts:
        if part.kind.startswith("dropout"):
            share = f"{factor:g} * p" if factor else "0"
            lines.append(f"{part.operation} -> p = {share}          # {part.place or part.path}")
    return "\n".join(lines) or f"weight_decay = {factor:g} * weight_decay"
