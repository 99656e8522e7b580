"""The addresses of what native programs call from outside: the threads, the parts of matrix products. Floor 4."""

from collections.abc import Collection

from glassgrad.engines.cpu.native.threads import fork_join_address
from glassgrad.engines.cpu.products.library import product_address


def addresses(names: Collection[str]) -> dict[str, int]:
    """The address of `fork_join`, and of what products are made of."""
    return {name: fork_join_address() if name == "fork_join" else product_address(name) for name in names}
