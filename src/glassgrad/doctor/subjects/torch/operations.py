"""PyTorch's layers and functions in the field's words: title, kind and family. Floor 7."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from glassgrad.doctor.measured.activations import ACTIVATIONS, is_softmax
from glassgrad.doctor.measured.sample import Family

ADDED = "added_norm"  # the name of what an edit adds to a layer


@dataclass(frozen=True, slots=True)
class Operation:
    """What a layer or function is: "Linear(512 → 10)", "linear", "weights"."""

    title: str
    kind: str
    family: Family
    inputs: int = 0
    outputs: int = 0


# Functions by name, whether they are called as torch.relu, F.relu, x.relu() or relu_: kind → family.
_FURTHER = (
    "glu",
    "softmin",
    "hardshrink",
    "softshrink",
    "tanhshrink",
    "sin",
    "cos",
    "rrelu",
)  # that nothing is known of
POINTWISE = (*(kind for kind in ACTIVATIONS if not is_softmax(kind)), *_FURTHER[2:])
_FAMILIES: Mapping[str, Family] = {
    **dict.fromkeys((*ACTIVATIONS, *_FURTHER), "activation"),
    **dict.fromkeys(
        ("linear", "bilinear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d",
         "conv_transpose3d", "embedding", "embedding_bag", "matmul", "mm", "bmm", "addmm", "einsum", "tensordot"),
        "weights",
    ),
    **dict.fromkeys(
        ("batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm", "normalize"), "normalisation"
    ),
    **dict.fromkeys(("lstm", "gru", "rnn", "rnn_tanh", "rnn_relu", "lstm_cell", "gru_cell", "rnn_tanh_cell",
                     "rnn_relu_cell"), "recurrence"),
    **dict.fromkeys(("scaled_dot_product_attention", "multi_head_attention_forward"), "attention"),
    **dict.fromkeys(
        ("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "mul", "div", "pow", "square", "sqrt",
         "rsqrt", "exp", "log", "log1p", "log2", "log10", "reciprocal", "abs", "clamp", "mean", "sum", "max", "amax",
         "logsumexp", "norm", "cumsum", "prod", "std", "var", "max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d",
         "avg_pool2d", "avg_pool3d", "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_max_pool2d",
         "interpolate", "detach", "acos", "asin", "atan", "tan", "erf", "sign", "round", "floor"),
        "other",
    ),
}  # fmt: skip
_SPELT = {  # as the operators and the methods of tensors are called
    "__mul__": "mul", "__rmul__": "mul", "multiply": "mul", "__truediv__": "div", "__rtruediv__": "div",
    "divide": "div", "true_divide": "div", "__pow__": "pow", "__rpow__": "pow", "__matmul__": "matmul",
    "__rmatmul__": "matmul", "__rdiv__": "div", "__imul__": "mul", "__itruediv__": "div", "clip": "clamp",
    "clamp_min": "clamp", "clamp_max": "clamp", "absolute": "abs", "__abs__": "abs",
    "boolean_dispatch": "max_pool2d", "_max_pool2d": "max_pool2d", "dropout_": "dropout", "linalg_norm": "norm",
    "vector_norm": "norm", "hardswish": "hard_silu", "special_expit": "sigmoid", "expit": "sigmoid",
    "hardsigmoid": "hard_sigmoid", "hardtanh": "hard_tanh", "logsigmoid": "log_sigmoid",
    "concat": "cat", "mv": "matmul", "baddbmm": "bmm",
}  # fmt: skip
LOSS_FUNCTIONS: Mapping[str, str] = {  # PyTorch's loss functions in the words of LossFacts
    "mse_loss": "mse", "l1_loss": "mae", "smooth_l1_loss": "huber", "huber_loss": "huber",
    "cross_entropy": "cross_entropy", "nll_loss": "nll", "binary_cross_entropy": "binary_cross_entropy",
    "binary_cross_entropy_with_logits": "binary_cross_entropy_logits", "kl_div": "kl",
    "poisson_nll_loss": "poisson", "hinge_embedding_loss": "hinge", "multi_margin_loss": "hinge",
    "multilabel_margin_loss": "hinge", "soft_margin_loss": "binary_cross_entropy_logits",
    "margin_ranking_loss": "hinge", "ctc_loss": "ctc",
}  # fmt: skip
SHAPES = frozenset((
    "squeeze", "squeeze_", "unsqueeze", "view", "view_as", "reshape", "reshape_as", "flatten", "transpose", "permute",
    "t", "contiguous", "__getitem__", "float", "double", "to", "expand", "expand_as", "swapaxes", "movedim", "select",
    "narrow", "type_as",
))  # fmt: skip


def kind_of_function(name: str) -> str | None:
    """The kind of a function by its `__name__`; None for what is no link (shapes, sums, attributes)."""
    name = _SPELT.get(name, name)
    if name not in _FAMILIES and name.endswith("_"):
        name = name.removesuffix("_")
    name = _SPELT.get(name, name)
    return name if name in _FAMILIES else None


def is_activation(kind: str) -> bool:
    """Is a kind of function an activation?"""
    return _FAMILIES.get(kind) == "activation"


def operation_of_function(kind: str, args: tuple[Any, ...]) -> Operation:
    """What a call of a function is, with its sizes where it has weights."""
    title, inputs, outputs = kind, 0, 0
    if kind in ("linear", "matmul", "mm", "addmm") and len(args) > 1:
        weight = args[2] if kind == "addmm" and len(args) > 2 else args[1]
        if getattr(weight, "ndim", 0) == 2:
            inputs, outputs = weight.shape if kind != "linear" else reversed(weight.shape)
            title = f"{kind}({inputs} → {outputs})"
    return Operation(title, kind, _FAMILIES[kind], inputs, outputs)


_KINDS = {  # classes of torch.nn whose kind is not their name in lower case
    "LeakyReLU": "leaky_relu", "Hardswish": "hard_silu", "LogSoftmax": "log_softmax", "LogSigmoid": "log_sigmoid",
    "Softmax2d": "softmax", "Hardtanh": "hard_tanh", "Hardsigmoid": "hard_sigmoid",
}  # fmt: skip


def operation_of_module(module: Any) -> Operation | None:
    """What a layer of torch.nn is; None for a container and for a module of the person's own."""
    name = type(module).__name__
    if isinstance(module, nn.modules.batchnorm._NormBase):  # noqa: SLF001 - the public base is not exported
        kind = "instancenorm" if "Instance" in name else "batchnorm"
        return Operation(f"{name}({module.num_features})", kind, "normalisation")
    if isinstance(module, nn.LayerNorm | nn.GroupNorm) or name == "RMSNorm":
        return Operation(name, name.lower(), "normalisation")
    if isinstance(module, nn.Linear):
        title = f"Linear({module.in_features} → {module.out_features})"
        return Operation(title, "linear", "weights", module.in_features, module.out_features)
    if isinstance(module, nn.modules.conv._ConvNd):  # noqa: SLF001 - the public base is not exported
        size = "×".join(str(length) for length in module.kernel_size)
        title = f"{name}({module.in_channels} → {module.out_channels}, {size})"
        area = 1
        for length in module.kernel_size:
            area *= length
        fan = module.in_channels // module.groups * area
        return Operation(title, "conv", "weights", fan, module.out_channels)
    if isinstance(module, nn.RNNBase):
        title = f"{name}({module.input_size} → {module.hidden_size})"
        kind = "rnn" if name == "RNN" else name.lower()
        return Operation(title, kind, "recurrence", module.input_size, module.hidden_size)
    if isinstance(module, nn.RNNCellBase):
        title = f"{name}({module.input_size} → {module.hidden_size})"
        return Operation(title, name.removesuffix("Cell").lower(), "recurrence", module.input_size, module.hidden_size)
    if isinstance(module, nn.Embedding | nn.EmbeddingBag):
        title = f"Embedding({module.num_embeddings} → {module.embedding_dim})"
        return Operation(title, "embedding", "weights", module.num_embeddings, module.embedding_dim)
    if isinstance(module, nn.MultiheadAttention):
        title = f"MultiheadAttention({module.embed_dim}, {module.num_heads} heads)"
        return Operation(title, "attention", "attention", module.embed_dim, module.embed_dim)
    return _plain(module, name)


def _plain(module: Any, name: str) -> Operation | None:
    if not is_layer(module):
        return None
    kind = _KINDS.get(name, name.lower())
    if isinstance(module, nn.Dropout | nn.modules.dropout._DropoutNd):  # noqa: SLF001 - not exported
        return Operation(f"{name}(p={module.p})", "dropout", "other")
    if kind in _FAMILIES and _FAMILIES[kind] == "activation":
        return Operation(kind, kind, "activation")
    if "Pool" in name:
        return Operation(name, "max_pool" if "Max" in name else "avg_pool", "other")
    return Operation(name, kind, "other")


def is_layer(module: Any) -> bool:
    """A layer of PyTorch's own that is one link of the chain (no container, no module of the person's)."""
    if isinstance(module, nn.MultiheadAttention):
        return True
    children = [name for name, _ in module.named_children() if name != ADDED]
    if not type(module).__module__.startswith("torch.nn.") or children:
        return False
    return not isinstance(module, nn.Sequential | nn.ModuleList | nn.ModuleDict | nn.ParameterList | nn.ParameterDict)
