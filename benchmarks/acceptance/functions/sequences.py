"""Attention, recurrent networks, convolutions and pooling, written with loops, einsum and reshapes."""

import numpy as np

from functions.networks import relu, sigmoid, softmax
from functions.registry import add, normal, number, tree


# ------------------------------------------------------------------ attention
def attention(Q, K, V):
    scores = Q @ K.T / np.sqrt(Q.shape[-1])
    weights = softmax(scores)
    return np.sum(weights @ V)


def self_attention(X, Wq, Wk, Wv, T):
    Q, K, V = X @ Wq, X @ Wk, X @ Wv
    A = softmax(Q @ K.T / np.sqrt(K.shape[1]))
    return np.sum((A @ V) * T)


def causal_attention(X, Wq, Wk, Wv):
    n, d = X.shape
    q, k, v = X @ Wq, X @ Wk, X @ Wv
    scores = q @ k.T / np.sqrt(d)
    scores = np.where(np.tril(np.ones((n, n), dtype=bool)), scores, -1e9)
    out = softmax(scores) @ v
    return np.mean(out**2)


def attention_with_bias_mask(Q, K, V, keep):
    logits = np.einsum("td,sd->ts", Q, K)
    logits = logits + (1 - keep) * -30.0
    p = softmax(logits)
    return np.sum(np.einsum("ts,sd->td", p, V) ** 2)


def multi_head_attention(X, Wq, Wk, Wv, Wo):
    n, d = X.shape
    heads = 2
    size = d // heads
    Q = (X @ Wq).reshape(n, heads, size).transpose(1, 0, 2)
    K = (X @ Wk).reshape(n, heads, size).transpose(1, 0, 2)
    V = (X @ Wv).reshape(n, heads, size).transpose(1, 0, 2)
    scores = Q @ K.transpose(0, 2, 1) / np.sqrt(size)
    mixed = softmax(scores) @ V
    joined = mixed.transpose(1, 0, 2).reshape(n, d)
    return np.sum(np.tanh(joined @ Wo))


def heads_in_a_loop(X, W, T):
    outputs = []
    for h in range(W.shape[0]):
        Y = X @ W[h]
        A = softmax(Y @ Y.T)
        outputs.append(A @ Y)
    return np.sum(np.concatenate(outputs, axis=1) * T)


def transformer_block(x, params):
    def norm(h):
        return (h - h.mean(-1, keepdims=True)) / np.sqrt(h.var(-1, keepdims=True) + 1e-5)

    h = norm(x)
    q, k, v = np.split(h @ params["qkv"], 3, axis=1)
    x = x + softmax(q @ k.T / np.sqrt(q.shape[1])) @ v @ params["out"]
    x = x + relu(norm(x) @ params["up"]) @ params["down"]
    return np.mean(x**2)


def rotary_scores(Q, K, theta):
    position = np.arange(Q.shape[0])[:, None] * theta
    c, s = np.cos(position), np.sin(position)

    def turn(X):
        a, b = X[:, ::2], X[:, 1::2]
        return np.concatenate([a * c - b * s, a * s + b * c], axis=1)

    return np.sum(softmax(turn(Q) @ turn(K).T)[:, 0])


add("attention", attention, Q=normal(3, 4), K=normal(5, 4), V=normal(5, 2))
add("attention", self_attention, X=normal(4, 3), Wq=normal(3, 2), Wk=normal(3, 2), Wv=normal(3, 2), T=normal(4, 2))
add("attention", causal_attention, X=normal(4, 3), Wq=normal(3, 3), Wk=normal(3, 3), Wv=normal(3, 3))
add(
    "attention",
    attention_with_bias_mask,
    Q=normal(3, 4),
    K=normal(5, 4),
    V=normal(5, 2),
    keep=lambda rng: (rng.random((3, 5)) < 0.7) * 1,
)
add(
    "attention",
    multi_head_attention,
    X=normal(3, 4),
    Wq=normal(4, 4),
    Wk=normal(4, 4),
    Wv=normal(4, 4),
    Wo=normal(4, 4),
)
add("attention", heads_in_a_loop, X=normal(4, 3), W=normal(2, 3, 2), T=normal(4, 4))
add(
    "attention",
    transformer_block,
    x=normal(4, 3),
    params=tree(
        lambda rng: {
            "qkv": rng.normal(size=(3, 6)),
            "out": rng.normal(size=(2, 3)),
            "up": rng.normal(size=(3, 5)),
            "down": rng.normal(size=(5, 3)),
        }
    ),
)
add("attention", rotary_scores, Q=normal(4, 4), K=normal(4, 4), theta=normal(2))


# ------------------------------------------------------------------ recurrence
def recurrent_network(Wx, Wh, b, xs, y):
    h = np.zeros(Wh.shape[0])
    for x in xs:
        h = np.tanh(Wx @ x + Wh @ h + b)
    return np.sum((h - y) ** 2)


def recurrent_outputs(Wx, Wh, Wy, h0, xs, targets):
    h = h0
    loss = 0.0
    for t in range(len(xs)):
        h = np.tanh(xs[t] @ Wx + h @ Wh)
        out = h @ Wy
        loss = loss + np.mean((out - targets[t]) ** 2)
    return loss / len(xs)


def recurrent_batch(Wx, Wh, X, T):
    batch, steps, _ = X.shape
    h = np.zeros((batch, Wh.shape[0]))
    states = []
    for t in range(steps):
        h = sigmoid(X[:, t] @ Wx + h @ Wh)
        states.append(h)
    H = np.stack(states, axis=1)
    return np.sum(H * T)


def lstm_cell(W, U, b, x, h, c):
    gates = W @ x + U @ h + b
    n = h.shape[0]
    i, f = sigmoid(gates[:n]), sigmoid(gates[n : 2 * n])
    o, g = sigmoid(gates[2 * n : 3 * n]), np.tanh(gates[3 * n :])
    c_new = f * c + i * g
    h_new = o * np.tanh(c_new)
    return np.sum(h_new) + np.sum(c_new**2)


def lstm_sequence(W, b, xs):
    n = 2
    h, c = np.zeros(n), np.zeros(n)
    for x in xs:
        z = np.concatenate([x, h]) @ W + b
        i, f, o, g = np.split(z, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
    return h @ h


def gru_cell(Wz, Wr, Wh, x, h):
    xh = np.hstack([x, h])
    z = sigmoid(Wz @ xh)
    r = sigmoid(Wr @ xh)
    candidate = np.tanh(Wh @ np.hstack([x, r * h]))
    h_next = (1 - z) * h + z * candidate
    return np.sum(h_next**2)


def exponential_smoothing(x, alpha):
    level = x[0]
    error = 0.0
    for t in range(1, len(x)):
        error += (x[t] - level) ** 2
        level = alpha * x[t] + (1 - alpha) * level
    return error


def kalman_filter(y, q, r):
    m, P = 0.0, 1.0
    total = 0.0
    for obs in y:
        P = P + q
        S = P + r
        gain = P / S
        innovation = obs - m
        total = total - 0.5 * (np.log(2 * np.pi * S) + innovation**2 / S)
        m = m + gain * innovation
        P = (1 - gain) * P
    return total


def euler_pendulum(theta, omega, length):
    dt = 0.05
    for _ in range(12):
        omega = omega - dt * 9.81 / length * np.sin(theta)
        theta = theta + dt * omega
    return theta


def runge_kutta(y0, A):
    def f(y):
        return np.tanh(A @ y)

    y, h = y0, 0.1
    for _ in range(4):
        k1 = f(y)
        k2 = f(y + h / 2 * k1)
        k3 = f(y + h / 2 * k2)
        k4 = f(y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return np.sum(y**2)


def viterbi_free_energy(start, transition, emission):
    alpha = start + emission[0]
    for t in range(1, emission.shape[0]):
        scores = alpha[:, None] + transition + emission[t][None, :]
        top = scores.max(axis=0)
        alpha = top + np.log(np.sum(np.exp(scores - top), axis=0))
    return np.log(np.sum(np.exp(alpha)))


def gradient_descent_inside(X, y, w0, rate):
    w = w0
    for _ in range(5):
        error = X @ w - y
        w = w - rate * X.T @ error / len(y)
    return np.mean((X @ w - y) ** 2)


add("recurrence", recurrent_network, Wx=normal(3, 2), Wh=normal(3, 3), b=normal(3), xs=normal(4, 2), y=normal(3))
add(
    "recurrence",
    recurrent_outputs,
    Wx=normal(2, 3),
    Wh=normal(3, 3),
    Wy=normal(3, 1),
    h0=normal(3),
    xs=normal(4, 2),
    targets=normal(4, 1),
)
add("recurrence", recurrent_batch, Wx=normal(2, 3), Wh=normal(3, 3), X=normal(2, 4, 2), T=normal(2, 4, 3))
add("recurrence", lstm_cell, W=normal(8, 3), U=normal(8, 2), b=normal(8), x=normal(3), h=normal(2), c=normal(2))
add("recurrence", lstm_sequence, W=normal(5, 8), b=normal(8), xs=normal(3, 3))
add("recurrence", gru_cell, Wz=normal(2, 5), Wr=normal(2, 5), Wh=normal(2, 5), x=normal(3), h=normal(2))
add("recurrence", exponential_smoothing, x=normal(8), alpha=number(0.3))
add("recurrence", kalman_filter, y=normal(6), q=number(0.2), r=number(0.5))
add("recurrence", euler_pendulum, theta=number(0.6), omega=number(0.1), length=number(1.3))
add("recurrence", runge_kutta, y0=normal(3), A=normal(3, 3))
add("recurrence", viterbi_free_energy, start=normal(3), transition=normal(3, 3), emission=normal(4, 3))
add("recurrence", gradient_descent_inside, X=normal(6, 3), y=normal(6), w0=normal(3), rate=number(0.1))


# ------------------------------------------------------------------ convolution and pooling
def conv_1d_loop(x, w):
    n, k = len(x), len(w)
    out = np.zeros_like(x[: n - k + 1])
    for i in range(n - k + 1):
        out[i] = np.sum(x[i : i + k] * w)
    return np.sum(out**2)


def conv_1d_builtin(x, w):
    y = np.convolve(x, w, mode="valid")
    return np.sum(np.tanh(y))


def conv_2d_loop(X, K):
    rows = []
    for i in range(X.shape[0] - K.shape[0] + 1):
        row = []
        for j in range(X.shape[1] - K.shape[1] + 1):
            row.append(np.sum(X[i : i + K.shape[0], j : j + K.shape[1]] * K))  # noqa: PERF401 - as people write it
        rows.append(np.stack(row))
    Y = relu(np.stack(rows))
    return np.sum(Y**2)


def conv_2d_shifts(X, K):
    out = 0.0
    for i in range(3):
        for j in range(3):
            out = out + K[i, j] * X[i : i + 4, j : j + 4]
    return np.mean(out**2)


def conv_by_einsum(X, W):
    patches = np.stack([X[:, :, i : i + 3] for i in range(X.shape[2] - 2)], axis=2)
    Y = np.einsum("nclk,ock->nol", patches, W)
    return np.sum(np.maximum(Y, 0) ** 2)


def max_pool(X):
    h, w = X.shape
    blocks = X.reshape(h // 2, 2, w // 2, 2)
    return np.sum(blocks.max(axis=(1, 3)) ** 2)


def average_pool(X, T):
    n, m = X.shape
    pooled = X.reshape(n // 2, 2, m // 2, 2).mean(axis=(1, 3))
    return np.sum(pooled * T)


def padded_blur(X, k):
    P = np.pad(X, 1)
    blurred = k[0] * P[:-2, 1:-1] + k[1] * P[1:-1, 1:-1] + k[2] * P[2:, 1:-1]
    return np.sum(blurred * X)


def small_conv_net(K, W, b, x, y):
    maps = []
    for k in range(K.shape[0]):
        maps.append(relu(np.convolve(x, K[k], "same")).mean())  # noqa: PERF401 - as people write it
    features = np.stack(maps)
    return (W @ features + b - y) ** 2


def discrete_laplacian(u, f):
    r = u[2:] - 2 * u[1:-1] + u[:-2] - f[1:-1]
    return np.sum(r**2)


add("convolution", conv_1d_loop, x=normal(7), w=normal(3))
add("convolution", conv_1d_builtin, x=normal(7), w=normal(3))
add("convolution", conv_2d_loop, X=normal(4, 4), K=normal(2, 2))
add("convolution", conv_2d_shifts, X=normal(6, 6), K=normal(3, 3))
add("convolution", conv_by_einsum, X=normal(2, 2, 5), W=normal(3, 2, 3))
add("convolution", max_pool, X=normal(4, 6))
add("convolution", average_pool, X=normal(4, 6), T=normal(2, 3))
add("convolution", padded_blur, X=normal(4, 3), k=normal(3))
add("convolution", small_conv_net, K=normal(3, 3), W=normal(3), b=number(0.1), x=normal(8), y=number(1.0))
add("convolution", discrete_laplacian, u=normal(8), f=normal(8))
