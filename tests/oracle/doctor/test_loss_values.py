"""The losses of a watched loop: which passes a step closes, and that nothing of a step is kept but its number."""

import gc
from math import isnan

import pytest

torch = pytest.importorskip("torch")


@pytest.fixture
def values():
    from glassgrad.doctor.subjects.torch.loss_values import LossValues

    return LossValues()


def test_the_passes_of_a_step_add_up(values):
    for loss in (1.0, 2.0):
        assert not values.add(torch.tensor(loss))
    values.close()
    values.add(torch.tensor([3.0]))
    values.add(torch.tensor([[4.0, 5.0]]))
    values.close(first_alone=True)
    values.close()
    assert values.steps == 3
    assert values.all()[:2] == (3.0, 3.0)
    assert isnan(values.all()[2])


def test_before_the_first_step_there_are_the_passes(values):
    values.add(torch.tensor(1.0))
    values.forget_open()
    assert not values.has_open
    values.add(torch.tensor(2.0))
    assert values.has_open
    assert values.all() == (2.0,)


def test_what_is_no_number_is_told_at_once(values):
    assert values.add(torch.tensor(float("nan")))
    assert values.add(torch.tensor([1.0, float("inf")]))


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_no_tensor_is_kept(values, device, monkeypatch):
    """A meta tensor stands for one of an accelerator: it is not read where it is added, but with others."""
    monkeypatch.setattr(torch, "stack", lambda tensors: torch.zeros(len(tensors)))

    def alive():
        gc.collect()
        return sum(type(one) is torch.Tensor for one in gc.get_objects())

    before = alive()
    for step in range(1024):
        values.add(torch.zeros(1, device=device) + step)
        values.close()
    assert alive() == before
    assert values.steps == len(values.all()) == 1024
