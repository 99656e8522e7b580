"""The engine, the threads and the processor asked for on the command line, in this process and in those it starts."""

import os
from contextlib import AbstractContextManager
from typing import Any

ENGINE, THREADS = "GLASSGRAD_BENCH_ENGINE", "GLASSGRAD_BENCH_THREADS"
LIBRARIES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
AVX2 = {
    "GLASSGRAD_CPU": "x86-64-v3",
    "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
}  # each library's way of doing without the registers of 512 bits


def choose(engine: str | None, threads: int | None, *, avx2: bool = False) -> None:
    """Sets the environment. Before any library is loaded: that is when they read what they may use."""
    if engine:
        os.environ[ENGINE] = engine
    if threads:
        os.environ.update(dict.fromkeys((*LIBRARIES, THREADS), str(threads)))
    if avx2:
        os.environ.update(AVX2)
    if threads == 1:
        flags = ("--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1", AVX2["XLA_FLAGS"])
        os.environ["XLA_FLAGS"] = " ".join(flags[: 1 + avx2])


def chosen() -> AbstractContextManager[Any]:
    """Glassgrad's settings for the `with` block."""
    import glassgrad as gg

    settings: dict[str, Any] = {}
    if ENGINE in os.environ:
        settings["engine"] = os.environ[ENGINE]
    if THREADS in os.environ:
        settings["threads"] = int(os.environ[THREADS])
    return gg.settings(**settings)
