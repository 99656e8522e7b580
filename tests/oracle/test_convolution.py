"""Convolution and pooling against PyTorch: values and gradients."""

import numpy as np
import pytest

import glassgrad as gg

torch = pytest.importorskip("torch")
functional = torch.nn.functional
rng = np.random.default_rng(5)


def agree(ours, theirs, *args):
    """The same value and, for a random cotangent, the same gradients."""
    tensors = [torch.tensor(arg, requires_grad=True) for arg in args]
    expected = theirs(*tensors)
    value, pull = gg.vjp(ours, *args)
    np.testing.assert_allclose(value, expected.detach().numpy(), rtol=1e-10, atol=1e-12)
    ct = rng.normal(size=value.shape)
    expected.backward(torch.tensor(ct))
    for gradient, tensor in zip(pull(ct), tensors, strict=True):
        np.testing.assert_allclose(gradient, tensor.grad.numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 0, 1), (2, 1, 1), (1, 2, 2), (3, 1, 2)])
def test_conv(axes, groups, stride, padding, dilation):
    x, w = rng.normal(size=(2, 4, *(7, 6, 5)[:axes])), rng.normal(size=(6, 4 // groups, *(3, 2, 2)[:axes]))
    how = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    theirs = getattr(functional, f"conv{axes}d")
    agree(lambda x, w: gg.conv(x, w, **how), lambda x, w: theirs(x, w, **how), x, w)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(("stride", "padding", "more", "dilation"), [(1, 0, 0, 1), (2, 1, 1, 1), (3, 1, 2, 2)])
def test_conv_transpose(axes, groups, stride, padding, more, dilation):
    x, w = rng.normal(size=(2, 4, *(3, 4, 2)[:axes])), rng.normal(size=(4, 3, *(3, 2, 2)[:axes]))
    how = {"stride": stride, "padding": padding, "output_padding": more, "dilation": dilation, "groups": groups}
    theirs = getattr(functional, f"conv_transpose{axes}d")
    agree(lambda x, w: gg.conv_transpose(x, w, **how), lambda x, w: theirs(x, w, **how), x, w)


def test_same_padding():
    x, w = rng.normal(size=(2, 3, 6, 7)), rng.normal(size=(4, 3, 4, 3))
    agree(
        lambda x, w: gg.conv(x, w, padding="same", dilation=2),
        lambda x, w: functional.conv2d(x, w, padding="same", dilation=2),
        x,
        w,
    )


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize(("window", "stride", "padding"), [(2, None, 0), (3, 2, 1), (3, 1, 1)])
def test_pooling(axes, window, stride, padding):
    x = np.round(rng.normal(size=(2, 3, *(7, 6, 5)[:axes])), 0)  # with ties
    how = {"stride": stride, "padding": padding}
    largest, mean = (getattr(functional, f"{name}_pool{axes}d") for name in ("max", "avg"))
    agree(lambda x: gg.max_pool(x, window, **how), lambda x: largest(x, window, **how), x)
    for count in (True, False):
        agree(
            lambda x, count=count: gg.avg_pool(x, window, count_include_pad=count, **how),
            lambda x, count=count: mean(x, window, count_include_pad=count, **how),
            x,
        )
