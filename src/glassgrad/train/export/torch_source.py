"""A network as the source of a torch.nn.Module: parameters and buffers under their paths, one line for each layer.

Floor 7. PyTorch itself is not needed to write it.
"""

import ast
import textwrap
from pathlib import Path
from typing import Any

import numpy as np

from glassgrad.base.errors import UnsupportedError
from glassgrad.engines.source.module import Head, module_text
from glassgrad.nn.layer import Layer
from glassgrad.train.export.lines import any_batch, names_in, page_of, result_of, rewrite
from glassgrad.train.export.network import Network, written
from glassgrad.train.export.numpy_source import Source, literal, plain_comments
from glassgrad.train.export.torch_syntax import TorchSyntax
from glassgrad.train.export.weights import (
    are_few,
    array_text,
    arrays_of,
    check_path,
    described,
    results,
    save_module,
)


def to_torch(model: Layer, inputs: Any, path: str | Path | None = None) -> str:
    """The evaluation of a model as the source of a torch.nn.Module `Network`, and a function `load` that gives it.

    `inputs` and `path` are those of `to_numpy`; weights of more than 100 numbers lie beside the module, as
    .safetensors. The module computes what the model evaluates, on PyTorch's devices and with its gradients: parameters
    are Parameters, running statistics are buffers. Dropout is not part of it, and batch norms keep their statistics.
    UnsupportedError, which names it, for an operation without a counterpart.

    >>> text = gg.train.export.to_torch(nn.Linear(2, 1, key=0, initialiser="zeros"), (None, 2))
    >>> print(text[text.index("    def forward") : text.index("def load")].rstrip())
        def forward(self, x):
            value = x @ self.weight + self.bias  # (batch, 1)
            return value
    """
    place = None if path is None else Path(path)
    found = written(model, inputs, lambda network: _module(network, place))
    if place is not None:
        save_module(place, found.text, ".safetensors", found.arrays)
    return found.text


def _module(network: Network, path: Path | None) -> Source:
    syntax = TorchSyntax()
    page = any_batch(network, page_of(network, lambda name: ast.Attribute(ast.Name("self"), name, ast.Load())))
    page = rewrite(page, syntax)
    arrays = arrays_of(network, names_in(page))
    check_path(arrays, path, ".safetensors")
    page.templates.clear()  # no helper functions of NumPy's
    names = [network.names[node] for node in network.inputs]
    if syntax.helpers and "x" not in names and "x.device" in str(page):
        raise UnsupportedError("a loop over several inputs")
    text = module_text(Head("forward", ", ".join(["self", *names]), ("forward",)), page, result_of(page))
    lines = text.split('"""forward"""\n', 1)[1]
    batch = [f"    batch = len({names[0]})"] if "batch" in set(names_in(page)) else []
    if "x" not in names:
        lines = lines.replace("x.device", f"{names[0]}.device")
    forward = "\n".join([f"def forward({', '.join(['self', *names])}):", *batch, plain_comments(network, lines)])
    parts = [_head(network, arrays, path), *sorted(syntax.helpers), _class(network, arrays, forward)]
    return Source("\n".join(parts) + _load(arrays, path), arrays)


def _head(network: Network, arrays: dict[str, np.ndarray], path: Path | None) -> str:
    shapes = f"{described(network)} to {results(network)}"
    first = f"{network.title}, written out by Glassgrad: `load()` gives a module, {shapes}."
    imports = ["import torch", "from torch import nn", "from torch.nn import functional"]
    if are_few(arrays):
        return "\n".join([f'"""{first}"""', "", *imports, ""])
    assert path is not None, "checked before"
    file = path.with_suffix(".safetensors").name
    document = [f'"""{first}', "", f"Its weights are in {file}, which lies beside this file.", '"""', ""]
    imports.insert(1, "from safetensors.torch import load_file")
    return "\n".join([*document, "from pathlib import Path", "", *imports, ""])


def _class(network: Network, arrays: dict[str, np.ndarray], forward: str) -> str:
    learned = {network.names[node] for node in network.learned}
    inline = are_few(arrays)
    made = []
    for name, array in arrays.items():
        empty = f"torch.empty({array.shape}, dtype=torch.{array.dtype.name})"
        value = array_text(array).replace("np.array(", "torch.tensor(").replace("np.", "torch.") if inline else empty
        value = value.replace("\n", "\n    ")
        of_class = f"self.{name} = nn.Parameter({value})"
        made.append(of_class if name in learned else f'self.register_buffer("{name}", {value})')
    init = ["def __init__(self):", "    super().__init__()", *["    " + line for line in made], ""]
    lines = textwrap.indent("\n".join([*init, forward.rstrip()]), "    ", lambda line: bool(line.strip()))
    return f'\nclass Network(nn.Module):\n    """{described(network)} to {results(network)}."""\n\n{lines}\n'


def _load(arrays: dict[str, np.ndarray], path: Path | None) -> str:
    document = '    """The network with its weights, ready for evaluation."""'
    lines = ["", "", "def load():", document, "    network = Network()"]
    if not are_few(arrays):
        assert path is not None, "checked before"
        file = path.with_suffix(".safetensors").name
        lines.append(f"    network.load_state_dict(load_file(Path(__file__).with_name({literal(file)})))")
    return "\n".join([*lines, "    return network.eval()", ""])
