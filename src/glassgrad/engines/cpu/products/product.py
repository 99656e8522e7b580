"""A matrix product as data: its sizes, and how far apart the elements of its operands lie. Floor 4."""

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

    @property
    def multiplications(self) -> int:
        """Of the whole product."""
        return self.rows * self.inner * self.columns * self.repeats * self.batches


def product_of(node: Node) -> tuple[Product, Node, Node]:
    """The product that a contraction over the letters i, j, k is, and what its A and its B are.

    `b` is a batch, `s` is summed over as j is: `bsij,bsjk->bik`, the last two of each operand in either order.
    """
    left, right, out = parts(node.param("spec"))
    sizes = letter_sizes(node)
    kind = kind_of(node.dtype)
    assert kind is not None, "the dtypes of products"
    a, b, c = (_distances(letters, sizes) for letters in (left, right, out))
    first, second, i, k = node.inputs[0], node.inputs[1], "i", "k"
    if out[-1] == "i":
        a, b, first, second, i, k = b, a, second, first, "k", "i"
    steps = (
        Steps(a[i], a["j"], a.get("s", 0), a.get("b", 0)),
        Steps(b["j"], b[k], b.get("s", 0), b.get("b", 0)),
        Steps(c[i], 1, 0, c.get("b", 0)),
    )
    made = Product(kind, sizes[i], sizes["j"], sizes[k], sizes.get("s", 1), sizes.get("b", 1), *steps)
    return made, first, second


def _distances(letters: str, sizes: dict[str, int]) -> dict[str, int]:
    found: dict[str, int] = {}
    step = 1
    for letter in reversed(letters):
        found[letter] = step
        step *= sizes[letter]
    return found
