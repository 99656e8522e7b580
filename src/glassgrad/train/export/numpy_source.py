"""A network as a NumPy module that a person would write: a line for each layer, the weights beside it. Floor 7."""

import ast
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from glassgrad.engines.source.module import Head, module_text
from glassgrad.nn.layer import Layer
from glassgrad.train.export.lines import any_batch, names_in, page_of, result_of, rewrite
from glassgrad.train.export.network import Network, written
from glassgrad.train.export.weights import (
    are_few,
    array_text,
    arrays_of,
    check_path,
    described,
    results,
    save_module,
)


@dataclass(frozen=True, slots=True)
class Source:
    """A module's text, and the arrays that it reads."""

    text: str
    arrays: dict[str, np.ndarray] = field(compare=False)


def to_numpy(model: Layer, inputs: Any, path: str | Path | None = None) -> str:
    """The evaluation of a model as the text of a module with a function `predict`, which needs no Glassgrad.

    `inputs` is an example of the input, an array or a shape with the batch axis (`(None, 3)`), or a list of them for
    a model of several inputs. The function takes any number of examples, unless the model works on their number; all
    other sizes are those of the example. With a `path` the module is written there, and weights of more than 100
    numbers beside it, as .npz; without one so many weights are a UsageError. The module imports NumPy, and SciPy
    where an activation asks for it (gelu).

    >>> text = gg.train.export.to_numpy(nn.Linear(2, 1, key=0, initialiser="zeros"), (None, 2))
    >>> print(text[text.index("    x =") :].rstrip())
        x = np.asarray(x, dtype=np.float32)
        value = x @ weight + bias  # (batch, 1)
        return value
    """
    place = None if path is None else Path(path)
    found = written(model, inputs, lambda network: _module(network, place))
    if place is not None:
        save_module(place, found.text, ".npz", found.arrays)
    return found.text


def _module(network: Network, path: Path | None) -> Source:
    page = rewrite(any_batch(network, page_of(network, lambda name: ast.Name(name, ast.Load()))), _Sigmoid())
    arrays = arrays_of(network, names_in(page))
    check_path(arrays, path, ".npz")
    names = [network.names[node] for node in network.inputs]
    head = Head("predict", ", ".join(names), (f"The network's result, {results(network)}, for {described(network)}.",))
    text = module_text(head, page, result_of(page))
    imports, _, functions = text.partition("\n\n\n")
    helpers, _, predict = functions.rpartition("def predict(")
    first, _, lines = predict.partition(":\n")
    docstring, _, lines = lines.partition('"""\n')
    dtypes = {network.names[node]: node.dtype.name for node in network.inputs}
    begin = [f"    {name} = np.asarray({name}, dtype=np.{dtype})" for name, dtype in dtypes.items()]
    used = set(names_in(page))
    if "batch" in used:
        begin.append(f"    batch = len({names[0]})")
    body = "\n".join([f"def predict({first}:", f'{docstring}"""', *begin, plain_comments(network, lines)])
    helpers += f"{_SIGMOID}\n\n" if "sigmoid" in used else ""
    return Source(_header(network, arrays, imports, path) + helpers + body, arrays)


def _header(network: Network, arrays: dict[str, np.ndarray], imports: str, path: Path | None) -> str:
    first = f"{network.title}, written out by Glassgrad: `predict` takes {described(network)} to {results(network)}."
    if are_few(arrays):
        values = [f"{name} = {array_text(array)}\n" for name, array in arrays.items()]
        return f'"""{first}"""\n\n{imports}\n\n' + "".join(values) + ("\n\n" if values else "\n")
    assert path is not None, "checked before"
    file = path.with_suffix(".npz").name
    shapes = {name: f"  # {array.shape}" if array.shape else "" for name, array in arrays.items()}
    values = [f'{name} = weights["{name}"]{shapes[name]}' for name in arrays]
    opened = f"with np.load(Path(__file__).with_name({literal(file)})) as file:\n    weights = dict(file)\n"
    shown = file.replace("\\", "\\\\").replace('"', "'")  # in a docstring
    document = f'"""{first}\n\nIts weights are in {shown}, which lies beside this file.\n"""'
    return "\n".join([document, "", "from pathlib import Path", "", imports, "", opened, *values]) + "\n\n\n"


def literal(text: str) -> str:
    """A text as Python has it, in double quotes where they do."""
    return json.dumps(text, ensure_ascii=False) if text.isprintable() else repr(text)


_COMMENT = re.compile(r"  # \([^#]*$")


def plain_comments(network: Network, text: str) -> str:
    """The lines with `batch` for the number of examples in the comments, which say shapes."""

    def plain(comment: re.Match[str]) -> str:
        return re.sub(r"\d+", lambda number: network.size_text(int(number[0])), comment[0])

    lines = [line for line in text.split("\n") if not line.lstrip().startswith("del ")]  # rather readable than small
    return "\n".join(_COMMENT.sub(plain, line) for line in lines)


_SIGMOID = '''def sigmoid(x):
    """The logistic function 1 / (1 + e⁻ˣ); no exponential overflows."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)
'''


class _Sigmoid(ast.NodeTransformer):
    """The logistic function by its name, so that SciPy is not needed for it."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return ast.Name("sigmoid", ast.Load()) if ast.unparse(node) == "scipy.special.expit" else node
