"""Networks that nobody's examples show: odd sizes, odd optimisers, parts of larger models."""

from itertools import pairwise

from numpy.random import default_rng


def layers(sizes, dtype="float32"):
    random = default_rng(0)
    return [
        {"w": (random.normal(size=(a, b)) / a**0.5).astype(dtype), "b": (0.1 * random.normal(size=b)).astype(dtype)}
        for a, b in pairwise(sizes)
    ]


def batch(count, inner, outer, dtype="float32"):
    random = default_rng(1)
    return random.normal(size=(count, inner)).astype(dtype), random.normal(size=(count, outer)).astype(dtype)


def network(np, p, x):
    for layer in p[:-1]:
        x = np.tanh(x @ layer["w"] + layer["b"])
    return x @ p[-1]["w"] + p[-1]["b"]


def mapped(function, *trees):
    """The same function of the arrays of lists of dicts."""
    return [{k: function(*[t[k] for t in ts]) for k in ts[0]} for ts in zip(*trees, strict=True)]


def training_step(lib, update):
    """A step of gradient descent: `update(gradient, state, weight)` gives the new state and weight."""
    np = lib.np

    def step(p, state, x, y):
        loss, g = lib.value_and_grad(lambda p: np.mean((network(np, p, x) - y) ** 2))(p)
        state = mapped(lambda g, s, w: update(g, s, w)[0], g, state, p)
        return loss, mapped(lambda g, s, w: update(g, s, w)[1], g, state, p), state

    return step


def rms_prop(np):
    def update(g, s, w):
        s = 0.9 * s + 0.1 * g * g
        return s, w - 0.001 * g / (np.sqrt(s) + 1e-8)

    return update


def deep_network(lib):
    """Seven layers of 100, batch 50, RMSprop."""
    p = layers([20] + [100] * 7 + [3])
    return training_step(lib, rms_prop(lib.np)), (p, mapped(lambda w: w * w, p), *batch(50, 20, 3))


def batch_of_one(lib):
    """The gradient of a network 50-60-60-1 on one example."""
    loss = lambda p, x, y: lib.np.mean((network(lib.np, p, x) - y) ** 2)  # noqa: E731
    return lib.grad(loss), (layers([50, 60, 60, 1]), *batch(1, 50, 1))


def wide_batch_of_one(lib):
    """Stochastic gradient descent on single examples, a layer of 1 000 × 1 000."""
    p = layers([1_000, 1_000, 10])
    return training_step(lib, lambda g, s, w: (s, w - 0.01 * g)), (p, p, *batch(1, 1_000, 10))


def doubles(lib):
    """A network 13-37-29-1 in double precision, batch 77, with momentum."""
    p = layers([13, 37, 29, 1], "float64")
    update = lambda g, s, w: (0.9 * s + g, w - 0.01 * (0.9 * s + g))  # noqa: E731
    return training_step(lib, update), (p, p, *batch(77, 13, 1, "float64"))


def gradients_by_example(lib):
    """The gradient of each of 256 examples by itself, 30-40-10, and their norms clipped (private learning)."""
    np = lib.np

    def clipped(p, x, y):
        def one(x, y):
            g = lib.grad(lambda p: np.sum((network(np, p, x) - y) ** 2))(p)
            norm = np.sqrt(sum(np.sum(v**2) for layer in g for v in layer.values()))
            return mapped(lambda v: v / np.maximum(norm, 1.0), g)

        return mapped(lambda v: np.mean(v, axis=0), lib.vmap(one)(x, y))

    return clipped, (layers([30, 40, 10]), *batch(256, 30, 10))


def physics_informed(lib):
    """Laplace's equation by a network 2-32-32-1: second derivatives at 1 000 places, and the weights' gradient."""
    np = lib.np

    def loss(p, places):
        def u(x, y):
            return network(np, p, np.stack([x, y]))[0]

        def laplace(z):
            return lib.grad(lib.grad(u))(*z) + lib.grad(lib.grad(u, 1), 1)(*z)

        return np.mean(lib.vmap(laplace)(places) ** 2)

    return lib.grad(loss), (layers([2, 32, 32, 1], "float64"), default_rng(0).normal(size=(1_000, 2)))


def neural_ode(lib):
    """A network 4-32-4 as the right side of a differential equation: 50 Runge–Kutta steps, batch 32."""
    np = lib.np

    def loss(p, x, y):
        def step(x, _):
            a = network(np, p, x)
            b = network(np, p, x + 0.01 * a)
            return x + 0.02 * b, None

        return np.mean((lib.scan(step, x, None, length=50)[0] - y) ** 2)

    return lib.grad(loss), (layers([4, 32, 4]), *batch(32, 4, 4))


def attention_with_mask(lib):
    """Causal attention with lengths: batch 4, 4 heads, length 96, 32 numbers a head."""
    np, random = lib.np, default_rng(0)

    def loss(q, k, v, lengths):
        scores = np.einsum("bhqd,bhkd->bhqk", q, k) / 32**0.5
        places = np.arange(96)
        seen = (places[:, None] >= places) & (places < lengths[:, None, None, None])
        scores = np.where(seen, scores, -1e9)
        weights = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
        weights = weights / np.sum(weights, axis=-1, keepdims=True)
        return np.mean(np.einsum("bhqk,bhkd->bhqd", weights, v) ** 2)

    given = random.normal(size=(3, 4, 4, 96, 32)).astype("float32")
    return lib.grad(loss, (0, 1, 2)), (*given, np.asarray([96, 50, 70, 30]))


def gelu_block(lib):
    """Layer norm, 128-512-128 with GELU, and the skip around: 256 tokens."""
    np, random = lib.np, default_rng(0)

    def loss(p, x, y):
        centred = x - np.mean(x, axis=1, keepdims=True)
        z = centred / np.sqrt(np.mean(centred**2, axis=1, keepdims=True) + 1e-5) * p["scale"] + p["shift"]
        h = z @ p["up"]
        h = 0.5 * h * (1.0 + np.tanh(0.7978845608 * (h + 0.044715 * h**3)))
        return np.mean((x + h @ p["down"] - y) ** 2)

    shapes = {"scale": (128,), "shift": (128,), "up": (128, 512), "down": (512, 128)}
    p = {name: (random.normal(size=shape) * 0.1).astype("float32") for name, shape in shapes.items()}
    return lib.grad(loss), (p, *batch(256, 128, 128))


def batch_norm(lib):
    """Batch norm while training between two convolutions, 16 images of 8 × 16 × 16."""
    np, random = lib.np, default_rng(0)

    def loss(p, x):
        x = lib.conv(x, p["a"], padding=1)
        mean = np.mean(x, axis=(0, 2, 3), keepdims=True)
        variance = np.mean((x - mean) ** 2, axis=(0, 2, 3), keepdims=True)
        x = np.maximum((x - mean) / np.sqrt(variance + 1e-5) * p["scale"] + p["shift"], 0.0)
        return np.mean(lib.conv(x, p["b"], padding=1) ** 2)

    shapes = {"a": (16, 8, 3, 3), "scale": (16, 1, 1), "shift": (16, 1, 1), "b": (8, 16, 3, 3)}
    p = {name: (random.normal(size=shape) * 0.1).astype("float32") for name, shape in shapes.items()}
    return lib.grad(loss), (p, random.normal(size=(16, 8, 16, 16)).astype("float32"))


def depthwise_convolutions(lib):
    """A depthwise convolution of 3 × 3 and one of 1 × 1, 32 channels, 8 images of 28 × 28."""
    np, random = lib.np, default_rng(0)

    def loss(depthwise, pointwise, x):
        x = np.maximum(lib.conv(x, depthwise, padding=1, groups=32), 0.0)
        return np.mean(lib.conv(x, pointwise) ** 2)

    shapes = (32, 1, 3, 3), (64, 32, 1, 1), (8, 32, 28, 28)
    return lib.grad(loss, (0, 1)), tuple([random.normal(size=shape).astype("float32") * 0.2 for shape in shapes])


def dilated_convolutions(lib):
    """Three dilated convolutions one after another, 16 channels, 4 images of 32 × 32."""
    np, random = lib.np, default_rng(0)

    def loss(weights, x):
        for dilation, w in zip((1, 2, 4), weights, strict=True):
            x = np.tanh(lib.conv(x, w, padding=dilation, dilation=dilation))
        return np.mean(x**2)

    weights = random.normal(size=(3, 16, 16, 3, 3)).astype("float32") * 0.1
    return lib.grad(loss), (weights, random.normal(size=(4, 16, 32, 32)).astype("float32"))


def down_and_up(lib):
    """A little U-Net: pooled by means, doubled by repetition, joined to what was there before."""
    np, random = lib.np, default_rng(0)

    def loss(p, x, y):
        first = np.maximum(lib.conv(x, p["a"], padding=1), 0.0)
        small = first.reshape(4, 16, 16, 2, 16, 2).mean(axis=(3, 5))
        small = np.maximum(lib.conv(small, p["b"], padding=1), 0.0)
        large = np.repeat(np.repeat(small, 2, axis=2), 2, axis=3)
        out = lib.conv(np.concatenate([first, large], axis=1), p["c"], padding=1)
        return np.mean((out - y) ** 2)

    shapes = {"a": (16, 3, 3, 3), "b": (32, 16, 3, 3), "c": (1, 48, 3, 3)}
    p = {name: (random.normal(size=shape) * 0.1).astype("float32") for name, shape in shapes.items()}
    x, y = random.normal(size=(4, 3, 32, 32)).astype("float32"), random.normal(size=(4, 1, 32, 32)).astype("float32")
    return lib.grad(loss), (p, x, y)


def embedding_bags(lib):
    """Means of 20 of 10 000 embeddings of 32 for 500 texts, a layer on top, the gradient of the whole table."""
    np, random = lib.np, default_rng(0)

    def loss(table, w, words, y):
        z = np.mean(table[words], axis=1) @ w
        return np.mean(lib.logsumexp(z, axis=1) - z[np.arange(500), y])

    table = random.normal(size=(10_000, 32)).astype("float32")
    w = random.normal(size=(32, 5)).astype("float32")
    return lib.grad(loss, (0, 1)), (table, w, random.integers(0, 10_000, (500, 20)), random.integers(0, 5, 500))


def graph_network(lib):
    """Two rounds of messages along 20 000 edges between 3 000 nodes of 32 numbers."""
    np, random = lib.np, default_rng(0)

    def loss(weights, x, source, target):
        for w in weights:
            x = np.tanh(lib.segment_sum((x @ w)[source], target, 3_000) / 7.0 + x)
        return np.mean(x**2)

    x = random.normal(size=(3_000, 32)).astype("float32")
    edges = random.integers(0, 3_000, (2, 20_000))
    return lib.grad(loss), (random.normal(size=(2, 32, 32)).astype("float32") * 0.2, x, *edges)


PROGRAMS = (
    deep_network,
    batch_of_one,
    wide_batch_of_one,
    doubles,
    gradients_by_example,
    physics_informed,
    neural_ode,
    attention_with_mask,
    gelu_block,
    batch_norm,
    depthwise_convolutions,
    dilated_convolutions,
    down_and_up,
    embedding_bags,
    graph_network,
)
