"""The engine and the number of threads asked for on the command line, in this process and in those it starts."""

import os
from contextlib import AbstractContextManager
from typing import Any

ENGINE, THREADS = "GLASSGRAD_BENCH_ENGINE", "GLASSGRAD_BENCH_THREADS"
LIBRARIES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def choose(engine: str | None, threads: int | None) -> None:
    """Sets the environment. Before any library is loaded: that is when they read how many threads they may use."""
    if engine:
        os.environ[ENGINE] = engine
    if threads:
        os.environ.update(dict.fromkeys((*LIBRARIES, THREADS), str(threads)))
    if threads == 1:
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


def chosen() -> AbstractContextManager[Any]:
    """Glassgrad's settings for the `with` block."""
    import glassgrad as gg

    settings: dict[str, Any] = {}
    if ENGINE in os.environ:
        settings["engine"] = os.environ[ENGINE]
    if THREADS in os.environ:
        settings["threads"] = int(os.environ[THREADS])
    return gg.settings(**settings)
