"""The addresses of what native programs call: the threads, LAPACK, the parts of matrix products. Floor 4."""

from collections.abc import Collection

from glassgrad.engines.cpu.native.lapack import is_lapack, lapack_address
from glassgrad.engines.cpu.native.threads import fork_join_address
from glassgrad.engines.cpu.products.library import product_address


def addresses(names: Collection[str]) -> dict[str, int]:
    """The address of `fork_join`, of LAPACK's functions, and of what products are made of."""
    return {name: _address(name) for name in names}


def _address(name: str) -> int:
    if name == "fork_join":
        return fork_join_address()
    return lapack_address(name) if is_lapack(name) else product_address(name)
