"""Labels and indices out of range: found by the compiled step, and told in the words of the loss or the layer."""

import numpy as np
import pytest

from glassgrad import nn, optim, train
from glassgrad.base.errors import OutOfRangeError

X = np.linspace(-1, 1, 32, dtype=np.float32).reshape(8, 4)
GOOD, WRONG = np.zeros(8, np.int64), np.array([0, 1, 2, 0, 0, 0, -1, 0])


def trained(model, data, loss, **settings):
    return train.fit(model, data, loss, optim.adam(0.1), batch_size=4, shuffle=False, store=False, **settings)


@pytest.mark.parametrize("settings", [{}, {"precision": train.Precision()}], ids=["plain", "precision"])
def test_labels(settings):
    with pytest.raises(OutOfRangeError, match=r"cross_entropy takes labels from 0 to 2, found -1 at \(2,\)"):
        trained(nn.Linear(4, 3, key=0), (X, WRONG), nn.cross_entropy, epochs=2, **settings)


def test_labels_of_the_validation():
    with pytest.raises(OutOfRangeError, match="cross_entropy takes labels from 0 to 2, found 7"):
        trained(nn.Linear(4, 3, key=0), (X, GOOD), nn.cross_entropy, epochs=1, validation=(X, GOOD + 7))


def test_indices_of_an_embedding():
    model = nn.Sequential(nn.Embedding(3, 4, key=0), nn.Dropout(0.5), nn.Linear(4, 3, key=1))
    with pytest.raises(OutOfRangeError, match=r"Embedding takes indices from 0 to 2, found 3 at \(1,\)") as caught:
        trained(model, (np.array([0, 3] * 4), GOOD), nn.cross_entropy, epochs=1)
    assert "Embedding" in caught.value.__notes__[0]


def test_an_index_of_ones_own_is_told_as_it_was():
    class Picked(nn.Layer):
        table: nn.Array

        def __call__(self, x):
            return np.take(self.table, x, axis=0)

    with pytest.raises(IndexError, match="out of bounds"):
        trained(
            Picked(np.ones((3, 2), np.float32)), (np.array([0, 3] * 4), np.zeros((8, 2), np.float32)), nn.mse, epochs=1
        )
