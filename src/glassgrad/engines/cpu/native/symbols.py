"""The addresses of what native programs call: the threads, LAPACK, the parts of matrix products. Floor 4."""

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor

from glassgrad.engines.cpu.native.lapack import lapack_address
from glassgrad.engines.cpu.native.threads import fork_join_address, is_compiled, pool_code, processor_count
from glassgrad.engines.cpu.products.library import is_known, is_product_part, make_known, product_address


def addresses(names: Collection[str]) -> dict[str, int]:
    """The address of `fork_join`, of LAPACK's functions, and of what products are made of."""
    make_known([name for name in names if is_product_part(name)])
    return {name: _address(name) for name in names}


def beside(names: Collection[str], work: Callable[[], bytes]) -> bytes:
    """What the work gives; what is missing for the names is compiled meanwhile, for it will be asked for."""
    parts = [name for name in names if is_product_part(name) and not is_known(name)]
    tasks: list[Callable[[], object]] = [lambda: make_known(parts)] if parts else []
    if "fork_join" in names and not is_compiled():
        tasks.append(pool_code)
    if not tasks or processor_count() == 1:
        return work()
    with ThreadPoolExecutor(1) as thread:
        begun = [thread.submit(task) for task in tasks]  # an error comes again when the addresses are asked for
        code = work()
        for future, task in zip(begun, tasks, strict=True):
            if future.cancel():  # nobody has come to it yet
                task()
        return code


def _address(name: str) -> int:
    if name == "fork_join":
        return fork_join_address()
    return product_address(name) if is_product_part(name) else lapack_address(name)
