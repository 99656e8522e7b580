"""Matrix products by BLAS. Floor 4.

BLAS reads memory column by column: what lies here as rows is the transpose there, so C = A B is asked for as
Cᵀ = Bᵀ Aᵀ, and nothing is ever copied.
"""

from typing import TYPE_CHECKING

from glassgrad.engines.cpu.emit.frame import Frame
from glassgrad.engines.cpu.emit.values import Writer
from glassgrad.engines.cpu.plan.roles import letter_sizes
from glassgrad.graph.node import Node
from glassgrad.ops.contract import parts

if TYPE_CHECKING:
    from glassgrad.engines.cpu.emit.module import Module

_NAMES = {"f": "sgemm", "d": "dgemm"}


def write_product(module: "Module", frame: Frame, node: Node) -> None:
    """The call for a contraction `bij,bjk->bik` (any of the three possibly transposed)."""
    left, right, out = parts(node.param("spec"))
    sizes = letter_sizes(node)
    rows, inner, columns = sizes["i"], sizes["j"], sizes["k"]
    writer = frame.writer
    a, b = (frame.pointer(x) for x in node.inputs)
    c = frame.pointer(node)
    first, second = (
        (a, left[-2:] == "ij", inner if left[-2:] == "ij" else rows),
        (
            b,
            right[-2:] == "jk",
            columns if right[-2:] == "jk" else inner,
        ),
    )
    if out[-2:] == "ik":
        call = (second, first, columns, rows, columns)
    else:
        call = (
            (first[0], not first[1], first[2]),
            (second[0], not second[1], second[2]),
            rows,
            columns,
            rows,
        )
    size = node.dtype.itemsize
    count = sizes.get("b", 1)
    if count == 1:
        _gemm(module, writer, node, call, inner, (None, 0, 0, 0), c)
        return
    steps = (rows * inner * size * ("b" in left), inner * columns * size * ("b" in right), rows * columns * size)
    if out[-2:] == "ik":
        steps = (steps[1], steps[0], steps[2])
    head, done = writer.new_label(), writer.new_label()
    counter, following, more = writer.fresh(), writer.fresh(), writer.fresh()
    entered = writer.block
    writer.jump(head)
    writer.label(head)
    writer.line(f"{counter} = phi i64 [ 0, %{entered} ], [ {following}, %{head} ]")
    _gemm(module, writer, node, call, inner, (counter, *steps), c)
    writer.line(f"{following} = add i64 {counter}, 1")
    writer.line(f"{more} = icmp slt i64 {following}, {count}")
    writer.line(f"br i1 {more}, label %{head}, label %{done}")
    writer.label(done)


def _gemm(
    module: "Module",
    writer: Writer,
    node: Node,
    call: tuple[tuple[str, bool, int], tuple[str, bool, int], int, int, int],
    inner: int,
    batch: tuple[str | None, int, int, int],
    result: str,
) -> None:
    """One product, at its place in the batch."""
    first, second, m, n, leading = call
    counter, *steps = batch
    pointers = [first[0], second[0], result]
    if counter is not None:
        pointers = [_moved(writer, p, counter, step) for p, step in zip(pointers, steps, strict=True)]
    name = _NAMES[node.dtype.char]
    llvm = "float" if node.dtype.char == "f" else "double"
    module.symbols[name] = f"declare void @{name}({', '.join(['ptr'] * 13)})"
    flags = [module.constant("i8", "78" if plain else "84") for _, plain, _ in (first, second)]
    whole = [module.constant("i32", str(max(number, 1))) for number in (first[2], second[2], leading)]
    sizes = [module.constant("i32", str(number)) for number in (m, n, inner)]
    one, zero = module.constant(llvm, "1.0"), module.constant(llvm, "0.0")
    given = [*flags, *sizes, one, pointers[0], whole[0], pointers[1], whole[1], zero, pointers[2], whole[2]]
    writer.line(f"call void @{name}({', '.join(f'ptr {x}' for x in given)})")


def _moved(writer: Writer, pointer: str, counter: str, step: int) -> str:
    offset = writer.fresh()
    writer.line(f"{offset} = mul i64 {counter}, {step}")
    return writer.address(pointer, offset)
