"""Recurrent layers, attention and transformer blocks: against steps taken one by one, with masks, and compiled."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad import nn
from glassgrad.base.errors import DomainError, DtypeError, ShapeError, UsageError

RANDOM = np.random.default_rng(0)
KINDS = [nn.RNN, nn.LSTM, nn.GRU]


def drawn(*shape, dtype=np.float64):
    return RANDOM.normal(size=shape).astype(dtype)


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_is_its_cell_step_by_step(kind):
    layer, x = kind(3, 4, key=0, dtype=np.float64), drawn(2, 5, 3)
    cell, carry, expected = layer.forward[0], None, []
    for time in range(5):
        carry = cell(x[:, time], carry)
        expected.append(cell.hidden(carry))
    outputs, (ended,) = layer.run(x)
    assert np.allclose(outputs, np.stack(expected, 1))
    assert np.allclose(cell.hidden(ended), expected[-1])
    assert np.allclose(layer(x), outputs)
    assert np.allclose(layer(x[0]), outputs[0])
    first, state = layer.run(x[:, :2])
    second, _ = layer.run(x[:, 2:], state)
    assert np.allclose(np.concatenate([first, second], 1), outputs)


@pytest.mark.parametrize("kind", KINDS)
def test_padding_changes_nothing(kind):
    layer = kind(3, 4, key=0, layers=2, bidirectional=True, dtype=np.float64)
    x, lengths = drawn(3, 6, 3), np.array([6, 2, 4])
    outputs, state = layer.run(x, lengths=lengths)
    assert outputs.shape == (3, 6, 8)
    for row, length in enumerate(lengths):
        alone, alone_state = layer.run(x[row, :length])
        assert np.allclose(outputs[row, :length], alone)
        assert not outputs[row, length:].any()
        for found, expected in zip(state, alone_state, strict=True):
            pairs = zip(found, expected, strict=True) if kind is nn.LSTM else [(found, expected)]
            assert all(np.allclose(a[row], b) for a, b in pairs)
    mask = np.arange(6) < lengths[:, None]
    assert np.allclose(layer(x, mask=mask), outputs)
    gradient = gg.grad(lambda x: np.sum(layer(x, lengths=lengths) ** 2))(x)
    assert not gradient[~mask].any()
    assert np.allclose(nn.last(outputs, lengths)[1], outputs[1, 1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_recurrent_gradients(kind, dtype):
    layer, x = kind(3, 4, key=0, layers=2, bidirectional=True, dtype=dtype), drawn(2, 5, 3, dtype=dtype)

    def objective(parameters, x, lengths):
        return np.sum(np.sin(layer.replace(parameters)(x, lengths=lengths)))

    parameters, lengths = layer.parameters(), np.array([5, 3])
    plain = gg.grad(objective)(parameters, x, lengths)
    compiled = gg.jit(gg.grad(objective))(parameters, x, lengths)
    for path, gradient in compiled.items():
        assert gradient.dtype == dtype
        assert np.allclose(gradient, plain[path], rtol=1e-3, atol=1e-5), path
    if dtype == np.float64:
        gg.check_gradients(lambda p: objective(p, x, lengths), parameters)


def test_truncated_gradients_do_not_reach_back():
    layer, x = nn.RNN(1, 2, key=0, dtype=np.float64), drawn(6, 1)
    gradient = gg.grad(lambda x: np.sum(layer.run(x, truncate=2)[0][-1]))(x)
    assert not gradient[:4].any()
    assert gradient[4:].all()
    assert np.allclose(layer.run(x, truncate=2)[0], layer(x))
    assert gg.grad(lambda x: np.sum(layer(x)[-1]))(x).all()


def test_dropout_between_recurrent_layers():
    layer, x = nn.GRU(3, 4, key=0, layers=2, dropout=0.5), drawn(2, 5, 3, dtype=np.float32)
    with nn.training(0):
        dropped = layer(x)
    assert not np.allclose(dropped, layer(x))


def test_recurrent_layers_refuse_what_does_not_fit():
    layer = nn.LSTM(3, 4, key=0)
    with pytest.raises(ShapeError, match=r"takes \(batch, time, 3\)"):
        layer(drawn(2, 5, 4))
    with pytest.raises(ShapeError, match="without steps"):
        layer(drawn(2, 0, 3))
    with pytest.raises(ShapeError, match=r"LSTM takes lengths of shape \(2,\), found \(3,\)"):
        layer(drawn(2, 5, 3), lengths=np.array([1, 2, 3]))
    with pytest.raises(DomainError, match="LSTM takes lengths from 0 to 5, found 3 to 9"):
        layer(drawn(2, 5, 3), lengths=np.array([3, 9]))
    with pytest.raises(DomainError, match="lengths from 0 to 5, found -1"):
        layer(drawn(2, 5, 3), lengths=-1)
    with pytest.raises(DtypeError, match="lengths as whole numbers, found float64"):
        layer(drawn(2, 5, 3), lengths=np.array([3.0, 5.0]))
    with pytest.raises(DtypeError, match="True where a step counts, found int64"):
        layer(drawn(2, 5, 3), mask=np.ones((2, 5), np.int64))
    with pytest.raises(DomainError, match="last takes lengths from 0 to 4, found 5"):
        nn.last(drawn(1, 4, 2), np.array([5]))
    with pytest.raises(ShapeError, match="of a step or more"):
        nn.last(drawn(2, 0, 2))
    with pytest.raises(UsageError, match="2 arrays"):
        layer.run(drawn(2, 5, 3), (np.zeros((2, 4)),))
    with pytest.raises(ShapeError, match="carry is"):
        layer.run(drawn(2, 5, 3), ((np.zeros(4), np.zeros(4)),))
    with pytest.raises(UsageError, match="truncate"):
        layer.run(drawn(2, 5, 3), truncate=0)


@pytest.mark.parametrize("kind", KINDS)
def test_what_pads_a_sequence_may_be_anything(kind):
    layer = kind(3, 4, key=0, layers=2, bidirectional=True, dtype=np.float64)
    x, lengths = drawn(2, 5, 3), np.array([5, 3])
    spoilt = x.copy()
    spoilt[1, 3:] = np.nan

    def objective(layer, x, lengths):
        return np.sum(layer(x, lengths=lengths) ** 2)

    for slopes in (gg.grad(objective), gg.jit(gg.grad(objective))):
        expected, found = slopes(layer, x, lengths), slopes(layer, spoilt, lengths)
        for path, gradient in found.parameters().items():
            np.testing.assert_array_equal(gradient, expected.parameters()[path])


@pytest.mark.parametrize("run", [lambda f: f, gg.jit], ids=["eager", "jit"])
def test_the_last_step_of_each_sequence(run):
    x = drawn(3, 4, 2)
    np.testing.assert_array_equal(run(nn.last)(x, np.array([4, 0, 2])), [x[0, 3], [0, 0], x[2, 1]])
    np.testing.assert_array_equal(run(nn.last)(x[0], np.array(2)), x[0, 1])


# ------------------------------------------------------------------ attention
def test_attention_is_a_softmax_of_scores():
    q, k, v = drawn(2, 3, 4), drawn(2, 5, 4), drawn(2, 5, 6)
    scores = np.exp(q @ k.swapaxes(-1, -2) / 2)
    assert np.allclose(nn.attention(q, k, v), scores / scores.sum(-1, keepdims=True) @ v)
    mask = np.array([True, False, True, True, False])
    kept = scores * mask
    assert np.allclose(nn.attention(q, k, v, mask=mask), kept / kept.sum(-1, keepdims=True) @ v)
    nothing = np.zeros((3, 5), bool)
    assert not nn.attention(q, k, v, mask=nothing).any()
    gradient = gg.grad(lambda q: np.sum(nn.attention(q, k, v, mask=nothing)))(q)
    assert np.array_equal(gradient, np.zeros_like(q))
    huge = nn.attention(q * 1e4, k * 1e4, v)
    assert np.isfinite(huge).all()
    with pytest.raises(DtypeError, match="True where"):
        nn.attention(q, k, v, mask=np.ones((3, 5)))


def test_a_causal_query_sees_no_later_key():
    layer, x = nn.MultiHeadAttention(8, 2, key=0, dtype=np.float64), drawn(2, 5, 8)
    jacobian = gg.jacobian(lambda x: np.sum(layer(x, causal=True), axis=-1))(x[0])  # (n, m, size)
    seen = np.abs(jacobian).max(-1) > 0
    assert np.array_equal(seen, np.tril(np.ones((5, 5), bool)))
    assert np.allclose(layer(x)[0], layer(x[0]))


def test_padding_of_attention():
    layer, x = nn.MultiHeadAttention(8, 4, key=0, dtype=np.float64), drawn(2, 5, 8)
    padding = np.arange(5) < np.array([[5], [3]])
    assert np.allclose(layer(x, padding=padding)[1, :3], layer(x[1, :3]))
    mask = np.broadcast_to(padding[:, None, :], (2, 5, 5))
    assert np.allclose(layer(x, padding=padding), layer(x, mask=mask))
    assert np.allclose(layer(x, padding=padding), layer(x, mask=mask[:, None]))


BLOCKS = {
    "encoder": lambda d, first: nn.TransformerEncoderBlock(8, 2, key=0, hidden=16, norm_first=first, dtype=d),
    "decoder": lambda d, first: nn.TransformerDecoderBlock(8, 2, key=0, activation="silu", norm_first=first, dtype=d),
}


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", BLOCKS)
def test_transformer_blocks(name, dtype, norm_first):
    block, x, memory = BLOCKS[name](dtype, norm_first), drawn(2, 4, 8, dtype=dtype), drawn(2, 3, 8, dtype=dtype)
    given = (x,) if name == "encoder" else (x, memory)

    def objective(parameters, *given):
        return np.sum(np.sin(block.replace(parameters)(*given)))

    assert block(*given).dtype == dtype
    assert block(*given).shape == x.shape
    parameters = block.parameters()
    plain, compiled = gg.grad(objective)(parameters, *given), gg.jit(gg.grad(objective))(parameters, *given)
    for path, gradient in compiled.items():
        assert gradient.dtype == dtype
        assert np.allclose(gradient, plain[path], rtol=1e-3, atol=1e-4), path
    if dtype == np.float64:
        gg.check_gradients(lambda x: objective(parameters, x, *given[1:]), x)


# ------------------------------------------------------------------ attention: empty and wrong shapes
def test_attention_of_nothing():
    layer = nn.MultiHeadAttention(4, 2, key=0)
    nobody = np.ones((0, 5, 4), np.float32)
    assert layer(nobody).shape == gg.jit(lambda layer, x: layer(x))(layer, nobody).shape == (0, 5, 4)
    queries, keys = np.ones((2, 3)), np.ones((0, 3))
    for causal in (False, True):
        np.testing.assert_array_equal(nn.attention(queries, keys, keys, causal=causal), np.zeros((2, 3)))
    assert nn.attention(keys, queries, queries).shape == (0, 3)


def test_causal_attention_ends_at_the_last_key():
    found = nn.attention(np.zeros((2, 2)), np.zeros((3, 2)), np.eye(3), causal=True)
    np.testing.assert_allclose(found, [[1 / 2, 1 / 2, 0], [1 / 3, 1 / 3, 1 / 3]])


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda layer, x: layer(x, padding=np.ones((2, 5), bool)), ShapeError, r"which is \(2, 6\), found \(2, 5\)"),
        (lambda layer, x: layer(x, padding=np.ones((2, 6))), DtypeError, "padding of attention"),
        (lambda layer, x: layer(x, mask=np.ones((6, 5), bool)), ShapeError, "6 queries and 6 keys"),
        (lambda layer, x: layer(x, x[:1], x[:1]), ShapeError, r"found \(2, 6, 4\), \(1, 6, 4\)"),
        (lambda layer, x: nn.attention(x, x[..., :3], x), ShapeError, "queries .* keys .* values"),
        (lambda layer, x: nn.attention(x, x, x[:, :5]), ShapeError, "queries .* keys .* values"),
        (lambda layer, x: nn.attention(x[0, 0], x, x), ShapeError, "queries .* keys .* values"),
    ],
)
def test_attention_says_what_does_not_fit(call, error, said):
    with pytest.raises(error, match=said):
        call(nn.MultiHeadAttention(4, 2, key=0), np.ones((2, 6, 4), np.float32))
