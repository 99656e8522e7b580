"""A long run of small steps holds no more memory at its end than at its beginning."""

import gc
from pathlib import Path

import numpy as np
import pytest

from glassgrad import nn, optim, train

STATUS = Path("/proc/self/status")
X = np.random.default_rng(0).normal(size=(640, 4)).astype(np.float32)


def resident():
    """Kilobytes of memory that the process holds."""
    [line] = [line for line in STATUS.read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1])


@pytest.mark.skipif(not STATUS.exists(), reason="needs Linux's /proc")
def test_ten_thousand_steps_keep_resident_memory_flat():
    held = {}

    def watch(event):
        if isinstance(event, train.Stepped) and event.run.step in (3000, 10_000):
            gc.collect()
            held[event.run.step] = resident()

    model = nn.Sequential(nn.Linear(4, 16, key=0), nn.BatchNorm(16), nn.tanh, nn.Linear(16, 1, key=1))
    run = train.fit(model, (X, X[:, :1]), nn.mse, optim.adam(1e-3), epochs=1000, batch_size=64, callbacks=[watch])
    assert run.step == 10_000
    assert held[10_000] - held[3000] < 3000, held  # the numbers of the steps themselves are a few hundred
