"""The threads of BLAS are found and set, as threadpoolctl sees them."""

import ctypes

import numpy as np
import scipy.linalg  # noqa: F401 - loads SciPy's BLAS
import threadpoolctl

from glassgrad.engines.cpu.native.blas_threads import blas_libraries, blas_threads


def seen():
    return {
        info["filepath"]: info["num_threads"] for info in threadpoolctl.threadpool_info() if info["user_api"] == "blas"
    }


def test_every_blas_is_found():
    assert {str(library.path) for library in blas_libraries()} == set(seen())
    assert all(library.count() == seen()[str(library.path)] for library in blas_libraries())


def test_threads_are_set_and_restored():
    before = seen()
    with blas_threads(1):
        assert set(seen().values()) <= {1}
        assert np.allclose(np.ones((300, 300)) @ np.ones((300, 300)), 300.0)
    assert seen() == before
    first = blas_libraries()[:1]
    with blas_threads(1, first):
        assert [library.count() for library in first] == [1] * len(first)


def test_native_code_can_set_them():
    for library in blas_libraries():
        before = library.count()
        ctypes.CFUNCTYPE(None, ctypes.c_int)(library.set_address)(1)
        assert library.count() == 1
        library.use(before)
        assert library.count() == before
