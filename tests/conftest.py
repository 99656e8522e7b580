"""Settings of the whole test run: one thread per process, and generated examples that CI can repeat."""

import os
import zlib
from collections.abc import Iterator
from importlib.util import find_spec

import hypothesis
import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from glassgrad.base.settings import settings

# For the processes that tests start. In this process a plugin has loaded NumPy already: see `one_thread`.
THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
os.environ.setdefault("GLASSGRAD_STORE", "off")  # training in tests leaves no runs behind

# What builds cases in PyTorch, and is no test itself; the tests that use it are skipped without PyTorch.
collect_ignore = (
    [] if find_spec("torch") else ["doctor_cases/in_torch.py", "doctor_cases/loops.py", "doctor_cases/further_torch.py"]
)

# A timing never fails a test, so no deadlines. CI draws the same examples each time, a person's run new ones.
hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """BLAS on one thread: the workers of `pytest -n` already fill the cores, and sums keep their order."""
    with threadpool_limits(1):
        yield


@pytest.fixture(autouse=True)
def verified() -> Iterator[None]:
    """Every graph that a test delivers is checked against the laws of graphs."""
    with settings(verify=True):
        yield


@pytest.fixture(autouse=True)
def own_numbers(request: pytest.FixtureRequest) -> None:
    """Generators that a test module shares start from the test's name: what a test draws does not depend on others."""
    for generator in vars(request.module).values() if request.module else ():
        if isinstance(generator, np.random.Generator):
            seeded = type(generator.bit_generator)(zlib.crc32(request.node.nodeid.encode()))
            generator.bit_generator.state = seeded.state
