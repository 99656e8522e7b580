"""A matrix product as data: its sizes, and how far apart the elements of its operands lie. Floor 4.

A convolution is the product of its weights and the windows of its images, of the matrix (channel × tap, position) of
each; `windows_product` is that, `windows_gradient` the derivative by the weights. The windows are never laid out as a
whole: both come with two tables of where an element of that matrix stands.
"""

from dataclasses import dataclass

from glassgrad.engines.cpu.emit.types import Kind, kind_of
from glassgrad.engines.cpu.plan.roles import letter_sizes
from glassgrad.graph.node import Node
from glassgrad.ops.contract import parts


@dataclass(frozen=True, slots=True)
class Steps:
    """How many elements lie between neighbours along each index of an operand; 0 where it does not have the index."""

    rows: int
    columns: int
    repeats: int = 0
    batches: int = 0


@dataclass(frozen=True, slots=True)
class Windows:
    """That one operand ("a" or "b") is the windows of an array.

    `beside` neighbouring positions of it lie `apart` elements from each other.
    """

    operand: str
    beside: int
    apart: int = 1


@dataclass(frozen=True, slots=True)
class Product:
    """For each batch: C[i, k] = Σ A[i, j] B[j, k], summed over the inner index j and over repeats.

    The columns of C lie side by side: a product whose result is wanted transposed is that of the transposes.
    """

    kind: Kind
    rows: int
    inner: int
    columns: int
    repeats: int
    batches: int
    a: Steps
    b: Steps
    c: Steps
    windows: Windows | None = None

    @property
    def multiplications(self) -> int:
        """Of the whole product."""
        return self.rows * self.inner * self.columns * self.repeats * self.batches


OPS = frozenset({"contract", "windows_product", "windows_gradient"})


def is_product(node: Node) -> bool:
    """Is this computed as a matrix product?"""
    return node.op.name in OPS and node.dtype.char in "fd"


def product_of(node: Node) -> tuple[Product, Node, Node]:
    """The product that a node is, and what its A and its B are."""
    match node.op.name:
        case "windows_product":
            return _forward(node), node.inputs[0], node.inputs[1]
        case "windows_gradient":
            return _gradient(node), node.inputs[0], node.inputs[1]
    return _contraction(node)


def _kind(node: Node) -> Kind:
    kind = kind_of(node.dtype)
    assert kind is not None, "the dtypes of products"
    return kind


def _forward(node: Node) -> Product:
    """`weights (output, channel × tap)` and `x (example, …)` give (example, output, position)."""
    (examples, outputs, positions), inner = node.shape, node.inputs[0].shape[1]
    whole = node.inputs[1].aval.size // max(examples, 1)
    steps = Steps(inner, 1), Steps(0, 0, 0, whole), Steps(positions, 1, 0, outputs * positions)
    windows = Windows("b", node.param("beside"), node.param("apart"))
    return Product(_kind(node), outputs, inner, positions, 1, examples, *steps, windows)


def _gradient(node: Node) -> Product:
    """`x (example, …)` and `y (example, output, position)` give (channel × tap, output)."""
    (rows, outputs), (examples, _, positions) = node.shape, node.inputs[1].shape
    whole = node.inputs[0].aval.size // max(examples, 1)
    steps = Steps(0, 0, whole), Steps(1, positions, outputs * positions), Steps(outputs, 1)
    windows = Windows("a", node.param("beside"), node.param("apart"))
    return Product(_kind(node), rows, positions, outputs, examples, 1, *steps, windows)


def _contraction(node: Node) -> tuple[Product, Node, Node]:
    """The product that a contraction over the letters i, j, k is, and what its A and its B are.

    `b` is a batch, `s` is summed over as j is: `bsij,bsjk->bik`, the last two of each operand in either order.
    """
    left, right, out = parts(node.param("spec"))
    sizes = letter_sizes(node)
    a, b, c = (_distances(letters, sizes) for letters in (left, right, out))
    first, second, i, k = node.inputs[0], node.inputs[1], "i", "k"
    if out[-1] == "i":
        a, b, first, second, i, k = b, a, second, first, "k", "i"
    steps = (
        Steps(a[i], a["j"], a.get("s", 0), a.get("b", 0)),
        Steps(b["j"], b[k], b.get("s", 0), b.get("b", 0)),
        Steps(c[i], 1, 0, c.get("b", 0)),
    )
    made = Product(_kind(node), sizes[i], sizes["j"], sizes[k], sizes.get("s", 1), sizes.get("b", 1), *steps)
    return made, first, second


def _distances(letters: str, sizes: dict[str, int]) -> dict[str, int]:
    found: dict[str, int] = {}
    step = 1
    for letter in reversed(letters):
        found[letter] = step
        step *= sizes[letter]
    return found
