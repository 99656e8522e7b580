"""Code is linked wherever the process has room, with gigabytes of other memory between."""

import subprocess
import sys

import pytest

APART = """
import ctypes
import numpy as np
import glassgrad as gg

NOWHERE, RESERVED, FREE_PLACE = 0, 0x4022, 0x100000  # PROT_NONE, private and anonymous, MAP_FIXED_NOREPLACE
PAGE, BETWEEN, HOLES = 4096, 3 << 30, 8
system = ctypes.CDLL(None)
system.mmap.restype = ctypes.c_void_p
system.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *3 * [ctypes.c_int], ctypes.c_long]
system.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]

def mapped():
    with open("/proc/self/maps") as lines:
        pairs = [[int(end, 16) for end in line.split()[0].split("-")] for line in lines]
    return [(start, end) for start, end in pairs if 0x7000_0000_0000 < start < 0x7FFF_FFFF_FFFF]

def summed(factor):
    return gg.jit(lambda x: np.sum(np.exp(x) * factor))

summed(0.5)(np.ones(3))
lowest = mapped()[0][0]
for place in range(1, HOLES + 1):
    at = lowest - place * (BETWEEN + PAGE)
    assert system.mmap(at, BETWEEN, NOWHERE, RESERVED | FREE_PLACE, -1, 0) == at
regions = mapped()
for (_, end), (start, _) in zip(regions, regions[1:]):
    if start > end:
        system.mmap(end, start - end, NOWHERE, RESERVED | FREE_PLACE, -1, 0)
for place in range(HOLES):
    system.munmap(lowest - place * (BETWEEN + PAGE) - PAGE, PAGE)
for factor in range(1, 9):
    assert abs(summed(factor)(np.ones(4)) - 4 * factor * np.e) < 1e-12 * 4 * factor * np.e
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/maps")
def test_gigabytes_between_free_pages():
    done = subprocess.run([sys.executable, "-c", APART], capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
