"""A network as an ONNX file: each row of its graph as an operator, recurrent layers as Scan. Floor 7."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from glassgrad._version import __version__
from glassgrad.base.errors import UnsupportedError
from glassgrad.base.files import whole
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node
from glassgrad.nn.layer import Layer
from glassgrad.ops.leaves import ARRAY, INPUT, LITERAL, PROJECT
from glassgrad.train.export.gates import relu_of
from glassgrad.train.export.network import Network, written
from glassgrad.train.export.onnx_ops import OPERATORS
from glassgrad.train.export.onnx_parts import part
from glassgrad.train.export.onnx_writer import IR_VERSION, OPSET, OnnxWriter
from glassgrad.train.exporters.extras import needed

_LARGEST = 2_000_000_000  # bytes; protobuf's limit is a little higher


def to_onnx(model: Layer, inputs: Any, path: str | Path) -> Path:
    """Writes the evaluation of a model as an ONNX file (opset 18), and gives the path.

    `inputs` is an example of the input, an array or a shape with the batch axis (`(None, 3)`), or a list of them for
    a model of several inputs. The first axis is named "batch" and takes any number of examples, unless the model
    works on their number; all other sizes are those of the example. The file is checked by `onnx.checker`. Needs the
    extra `export`. UnsupportedError, which names it, for an operation without a counterpart.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> gg.train.export.to_onnx(nn.mlp([3, 4, 2], key=0), (None, 3), folder / "net.onnx").name
    'net.onnx'
    """
    with needed("onnx", extra="export", what="an ONNX file"):
        import onnx
    path = Path(path)
    content = written(model, inputs, _content)
    onnx.checker.check_model(onnx.load_from_string(content))
    with whole(path) as part:
        part.write_bytes(content)
    return path


def _content(network: Network) -> bytes:
    from onnx import helper, numpy_helper

    if sum(array.nbytes for array in network.weights.values()) > _LARGEST:
        raise UnsupportedError("an ONNX file of one piece holds 2 GB, and the weights are more")
    writer = OnnxWriter(network, used=set(network.names.values()))
    writer.values |= {node: network.names[node] for node in (*network.inputs, *network.weights)}
    _write(writer, network.nodes())
    names = [f"y{place}" if len(network.outputs) > 1 else "y" for place in range(1, len(network.outputs) + 1)]
    names = [writer.free(name) for name in names]
    for node, name in zip(network.outputs, names, strict=True):
        writer.rename(writer.value(node), name)
    arrays = [*writer.constants.values(), *[(network.names[node], array) for node, array in network.weights.items()]]
    read = _read(writer.nodes)
    graph = helper.make_graph(
        writer.nodes,
        network.title,
        [_declared(network, network.names[node], node) for node in network.inputs],
        [_declared(network, name, node) for name, node in zip(names, network.outputs, strict=True)],
        [
            numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
            for name, array in arrays
            if name in read
        ],
    )
    found = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="glassgrad",
        producer_version=__version__,
    )
    content: bytes = found.SerializeToString(deterministic=True)
    return content


def _read(nodes: Iterable[Any]) -> set[str]:
    """The values that nodes read, also inside of loops."""
    found: set[str] = set()
    for node in nodes:
        found.update(node.input)
        for attribute in node.attribute:
            found |= _read(attribute.g.node)
    return found


def _declared(network: Network, name: str, node: Node) -> Any:
    from onnx import helper

    kind = helper.np_dtype_to_tensor_dtype(node.dtype)
    sizes = [_dimension(network, size) for size in node.shape]
    return helper.make_tensor_value_info(name, kind, sizes)


def _dimension(network: Network, size: int) -> int | str | None:
    if not network.is_batch(size):
        return size
    return "batch" if size == network.batch else None


# ------------------------------------------------------------------ node by node
def _write(writer: OnnxWriter, nodes: Sequence[Node]) -> None:
    for node in nodes:
        if writer.known(node) is None and node.op not in (INPUT, LITERAL, ARRAY):
            _write_node(writer, node)


def _write_node(writer: OnnxWriter, node: Node) -> None:
    name = node.op.name
    if name == "scan":
        writer.several[node] = _scan(writer, node)
    elif node.op is PROJECT:
        writer.values[node] = writer.several[node.inputs[0]][node.param("index")]
    elif (x := relu_of(node)) is not None:
        writer.values[node] = writer.emit("Relu", writer.value(x))
    elif name == "index":
        writer.values[node] = part(writer, node)
    elif name in OPERATORS:
        writer.values[node] = OPERATORS[name](writer, node)
    else:
        raise UnsupportedError(
            f"the operation {name} cannot be written as ONNX",
            hint="to_numpy writes every model",
            where=writer.network.notes.location(node),
        )


def _scan(writer: OnnxWriter, node: Node) -> list[str]:
    """A loop with a known number of steps: what is carried, then what is read step by step; the rest stays outside."""
    from onnx import helper

    body: Graph = node.param("body")
    carries, sequences = node.param("carries"), node.param("sequences")
    given, outside = body.inputs[: carries + sequences], body.inputs[carries + sequences :]
    inner = OnnxWriter(writer.network, writer)
    inner.values |= {x: writer.value(y) for x, y in zip(outside, node.inputs[carries + sequences :], strict=True)}
    inner.values |= {x: writer.free("carry" if place < carries else "step") for place, x in enumerate(given)}
    _write(inner, body.nodes())
    results = [writer.free("carried" if place < carries else "result") for place in range(len(body.outputs))]
    for result, output in zip(results, body.outputs, strict=True):
        inner.rename(inner.value(output), result)
    kinds = [helper.np_dtype_to_tensor_dtype(x.dtype) for x in (*given, *body.outputs)]
    declared = [
        helper.make_tensor_value_info(name, kind, None)
        for name, kind in zip([*[inner.values[x] for x in given], *results], kinds, strict=True)
    ]
    graph = helper.make_graph(inner.nodes, "step", declared[: len(given)], declared[len(given) :])
    way = int(node.param("backwards"))
    return writer.emit_several(
        "Scan",
        [writer.value(x) for x in node.inputs[: carries + sequences]],
        ["last" if place < carries else "steps" for place in range(len(body.outputs))],
        body=graph,
        num_scan_inputs=sequences,
        scan_input_directions=[way] * sequences,
        scan_output_directions=[way] * (len(body.outputs) - carries),
    )
