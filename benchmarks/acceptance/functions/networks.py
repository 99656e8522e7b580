"""Networks and losses as people write them: activations, softmax, normalisation, layers, helper functions."""

from itertools import pairwise

import numpy as np

from functions.registry import add, labels, mask, normal, number, one_hot, tree, uniform


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def relu(z):
    return np.maximum(0, z)


def leaky_relu(z, slope=0.01):
    return np.where(z > 0, z, slope * z)


def softmax(z):
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def log_softmax(z):
    shifted = z - z.max(axis=-1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


# ------------------------------------------------------------------ softmax and losses
def softmax_entry(z):
    p = softmax(z)
    return p[2]


def softmax_entropy(z):
    p = softmax(z)
    return -np.sum(p * np.log(p))


def cross_entropy_one_hot(W, X, Y):
    P = softmax(X @ W)
    return -np.mean(np.sum(Y * np.log(P), axis=1))


def cross_entropy_labels(W, b, X, y):
    logits = X @ W + b
    log_probs = log_softmax(logits)
    return -np.mean(log_probs[np.arange(len(y)), y])


def cross_entropy_smoothed(logits, Y, eps):
    n_classes = Y.shape[1]
    target = (1 - eps) * Y + eps / n_classes
    return -np.sum(target * log_softmax(logits)) / len(Y)


def logsumexp_by_hand(x):
    m = np.max(x)
    return m + np.log(np.sum(np.exp(x - m)))


def binary_cross_entropy(w, b, X, y):
    p = sigmoid(X @ w + b)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def stable_logistic_loss(w, X, y):
    margin = y * (X @ w)
    return np.mean(np.logaddexp(0, -margin))


def hinge_loss(w, X, y):
    margins = 1 - y * (X @ w)
    return np.mean(np.maximum(0, margins)) + 0.05 * np.dot(w, w)


def huber_loss(w, X, y, delta):
    r = np.abs(X @ w - y)
    return np.sum(np.where(r < delta, 0.5 * r**2, delta * (r - 0.5 * delta)))


def focal_loss(logits, Y, gamma):
    p = softmax(logits)
    pt = np.sum(p * Y, axis=1)
    return -np.mean((1 - pt) ** gamma * np.log(pt))


def kullback_leibler(p_logits, q_logits):
    p, q = softmax(p_logits), softmax(q_logits)
    return np.sum(p * (np.log(p) - np.log(q)))


def contrastive_loss(A, B, temperature):
    a = A / np.linalg.norm(A, axis=1, keepdims=True)
    b = B / np.linalg.norm(B, axis=1, keepdims=True)
    scores = a @ b.T / temperature
    return -np.mean(np.diag(log_softmax(scores)))


def triplet_loss(a, p, n, margin):
    near = np.sum((a - p) ** 2, axis=1)
    far = np.sum((a - n) ** 2, axis=1)
    return np.sum(np.maximum(near - far + margin, 0))


def cosine_similarity(x, y):
    return x @ y / (np.sqrt(x @ x) * np.sqrt(y @ y))


def pinball_loss(w, X, y, q):
    e = y - X @ w
    return np.mean(np.maximum(q * e, (q - 1) * e))


def dice_loss(logits, target):
    p = sigmoid(logits)
    overlap = 2 * np.sum(p * target) + 1
    return 1 - overlap / (np.sum(p) + np.sum(target) + 1)


add("softmax and losses", softmax_entry, z=normal(5))
add("softmax and losses", softmax_entropy, z=normal(5))
add("softmax and losses", cross_entropy_one_hot, W=normal(3, 4), X=normal(5, 3), Y=one_hot(5, 4))
add("softmax and losses", cross_entropy_labels, W=normal(3, 4), b=normal(4), X=normal(5, 3), y=labels(5, 4))
add("softmax and losses", cross_entropy_smoothed, logits=normal(4, 3), Y=one_hot(4, 3), eps=number(0.1))
add("softmax and losses", logsumexp_by_hand, x=normal(6))
add(
    "softmax and losses",
    binary_cross_entropy,
    w=normal(3),
    b=number(0.2),
    X=normal(6, 3),
    y=uniform(6, low=0.1, high=0.9),
)
add("softmax and losses", stable_logistic_loss, w=normal(3), X=normal(6, 3), y=lambda rng: np.sign(rng.normal(size=6)))
add("softmax and losses", hinge_loss, w=normal(3), X=normal(6, 3), y=lambda rng: np.sign(rng.normal(size=6)))
add("softmax and losses", huber_loss, w=normal(3), X=normal(6, 3), y=normal(6), delta=number(1.0))
add("softmax and losses", focal_loss, logits=normal(4, 3), Y=one_hot(4, 3), gamma=number(2.0))
add("softmax and losses", kullback_leibler, p_logits=normal(5), q_logits=normal(5))
add("softmax and losses", contrastive_loss, A=normal(4, 3), B=normal(4, 3), temperature=number(0.5))
add("softmax and losses", triplet_loss, a=normal(4, 3), p=normal(4, 3), n=normal(4, 3), margin=number(1.0))
add("softmax and losses", cosine_similarity, x=normal(4), y=normal(4))
add("softmax and losses", pinball_loss, w=normal(3), X=normal(6, 3), y=normal(6), q=number(0.7))
add("softmax and losses", dice_loss, logits=normal(3, 4), target=mask(3, 4))


# ------------------------------------------------------------------ perceptrons
def one_neuron(w, x, b, y):
    z = w * x + b
    a = sigmoid(z)
    return 0.5 * (a - y) ** 2


def two_layer_scalar(w1, b1, w2, b2, x, y):
    a1 = sigmoid(w1 * x + b1)
    a2 = sigmoid(w2 * a1 + b2)
    return (y - a2) ** 2


def two_layer(W1, b1, W2, b2, X, Y):
    Z1 = X @ W1 + b1
    A1 = sigmoid(Z1)
    Z2 = A1 @ W2 + b2
    A2 = sigmoid(Z2)
    return np.mean((A2 - Y) ** 2)


def two_layer_columns(W1, b1, W2, b2, X, Y):
    Z1 = W1 @ X + b1
    A1 = np.tanh(Z1)
    Z2 = W2 @ A1 + b2
    m = X.shape[1]
    return np.sum((Z2 - Y) ** 2) / (2 * m)


def relu_classifier(W1, b1, W2, b2, X, y):
    h = relu(X @ W1 + b1)
    scores = h @ W2 + b2
    probs = softmax(scores)
    picked = probs[np.arange(X.shape[0]), y]
    return -np.log(picked).mean()


def three_layer(W1, W2, W3, x):
    h1 = leaky_relu(W1 @ x)
    h2 = leaky_relu(W2 @ h1, 0.2)
    return (W3 @ h2).sum()


def deep_network(weights, x):
    a = x
    for W in weights:
        a = np.tanh(W @ a)
    return np.sum(a**2)


def network_of_layers(layers, X, Y):
    h = X
    for W, b in layers[:-1]:
        h = relu(h @ W + b)
    W, b = layers[-1]
    out = h @ W + b
    return np.mean(np.square(out - Y))


def dictionary_network(params, x, y):
    hidden = np.tanh(x @ params["W1"] + params["b1"])
    guess = hidden @ params["W2"] + params["b2"]
    return np.sum((guess - y) ** 2) + 0.01 * np.sum(params["W1"] ** 2)


def residual_network(W1, W2, x):
    h = x
    for _ in range(3):
        h = h + W2 @ relu(W1 @ h)
    return h @ h


def gelu_block(W, V, x):
    return np.sum(V @ gelu(W @ x))


def gated_unit(W, V, x):
    gate = sigmoid(W @ x)
    return np.sum(gate * (V @ x) * (1 - gate))


def mixture_of_experts(G, E, x):
    gates = softmax(G @ x)
    outputs = np.einsum("eij,j->ei", E, x)
    return np.sum((gates[:, None] * outputs).sum(axis=0) ** 2)


def autoencoder(W, b, c, X):
    code = sigmoid(X @ W + b)
    back = code @ W.T + c
    return np.sum((back - X) ** 2) / X.shape[0]


def variational_bound(mu, log_var, x, eps):
    z = mu + np.exp(0.5 * log_var) * eps
    reconstruction = np.sum((x - np.tanh(z)) ** 2)
    kl = -0.5 * np.sum(1 + log_var - mu**2 - np.exp(log_var))
    return reconstruction + kl


def dropout_layer(W, x, keep_mask, keep):
    h = relu(W @ x)
    h = h * keep_mask / keep
    return np.sum(h**2)


def embedding_lookup(E, W, ids, y):
    vectors = E[ids]
    mean = vectors.mean(axis=0)
    return np.sum((W @ mean - y) ** 2)


def radial_basis_network(centers, widths, w, X, y):
    d2 = ((X[:, None, :] - centers[None, :, :]) ** 2).sum(axis=2)
    phi = np.exp(-d2 / (2 * widths**2))
    return np.mean((phi @ w - y) ** 2)


def _layers(rng):
    sizes = (3, 5, 4, 2)
    return [(rng.normal(size=(a, b)), rng.normal(size=b)) for a, b in pairwise(sizes)]


def _weights(rng):
    return [rng.normal(size=(3, 3)) for _ in range(4)]


def _params(rng):
    return {
        "W1": rng.normal(size=(3, 4)),
        "b1": rng.normal(size=4),
        "W2": rng.normal(size=(4, 2)),
        "b2": rng.normal(size=2),
    }


add("perceptrons", one_neuron, w=number(0.5), x=number(1.5), b=number(-0.3), y=number(1.0))
add(
    "perceptrons",
    two_layer_scalar,
    w1=number(0.5),
    b1=number(0.1),
    w2=number(-0.7),
    b2=number(0.2),
    x=number(1.5),
    y=number(1.0),
)
add(
    "perceptrons",
    two_layer,
    W1=normal(3, 4),
    b1=normal(4),
    W2=normal(4, 2),
    b2=normal(2),
    X=normal(5, 3),
    Y=normal(5, 2),
)
add(
    "perceptrons",
    two_layer_columns,
    W1=normal(4, 3),
    b1=normal(4, 1),
    W2=normal(2, 4),
    b2=normal(2, 1),
    X=normal(3, 5),
    Y=normal(2, 5),
)
add(
    "perceptrons",
    relu_classifier,
    W1=normal(3, 6),
    b1=normal(6),
    W2=normal(6, 4),
    b2=normal(4),
    X=normal(5, 3),
    y=labels(5, 4),
)
add("perceptrons", three_layer, W1=normal(4, 3), W2=normal(5, 4), W3=normal(2, 5), x=normal(3))
add("perceptrons", deep_network, weights=tree(_weights), x=normal(3))
add("perceptrons", network_of_layers, layers=tree(_layers), X=normal(6, 3), Y=normal(6, 2))
add("perceptrons", dictionary_network, params=tree(_params), x=normal(5, 3), y=normal(5, 2))
add("perceptrons", residual_network, W1=normal(4, 3, scale=0.5), W2=normal(3, 4, scale=0.5), x=normal(3))
add("perceptrons", gelu_block, W=normal(4, 3), V=normal(2, 4), x=normal(3))
add("perceptrons", gated_unit, W=normal(4, 3), V=normal(4, 3), x=normal(3))
add("perceptrons", mixture_of_experts, G=normal(3, 4), E=normal(3, 2, 4), x=normal(4))
add("perceptrons", autoencoder, W=normal(4, 2), b=normal(2), c=normal(4), X=normal(5, 4))
add("perceptrons", variational_bound, mu=normal(4), log_var=normal(4), x=normal(4), eps=normal(4))
add("perceptrons", dropout_layer, W=normal(5, 3), x=normal(3), keep_mask=mask(5), keep=number(0.6))
add(
    "perceptrons", embedding_lookup, E=normal(6, 3), W=normal(2, 3), ids=lambda rng: np.array([1, 4, 1, 5]), y=normal(2)
)
add(
    "perceptrons",
    radial_basis_network,
    centers=normal(4, 2),
    widths=uniform(4),
    w=normal(4),
    X=normal(6, 2),
    y=normal(6),
)


# ------------------------------------------------------------------ normalisation
def layer_norm(X, gamma, beta, T):
    mu = X.mean(axis=-1, keepdims=True)
    var = X.var(axis=-1, keepdims=True)
    Y = gamma * (X - mu) / np.sqrt(var + 1e-5) + beta
    return np.sum(Y * T)


def layer_norm_by_hand(x, g, b):
    n = x.shape[-1]
    mean = np.sum(x, axis=-1, keepdims=True) / n
    centered = x - mean
    std = np.sqrt(np.sum(centered**2, axis=-1, keepdims=True) / n)
    return np.sum(np.sin(g * centered / std + b))


def batch_norm(X, gamma, beta, W):
    mean = np.mean(X, axis=0)
    variance = np.mean((X - mean) ** 2, axis=0)
    normed = (X - mean) / np.sqrt(variance + 1e-5)
    return np.sum((gamma * normed + beta) * W)


def batch_norm_images(X, gamma, beta):
    mu = X.mean(axis=(0, 2, 3), keepdims=True)
    sd = X.std(axis=(0, 2, 3), keepdims=True)
    Y = gamma[None, :, None, None] * (X - mu) / (sd + 1e-3) + beta[None, :, None, None]
    return np.sum(Y**3)


def rms_norm(x, g, T):
    rms = np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + 1e-6)
    return np.sum(x / rms * g * T)


def group_norm(X, T):
    n, c, h = X.shape
    G = X.reshape(n, 2, c // 2, h)
    mean = G.mean(axis=(2, 3), keepdims=True)
    var = G.var(axis=(2, 3), keepdims=True)
    G = (G - mean) / np.sqrt(var + 1e-5)
    return np.sum(G.reshape(n, c, h) * T)


def weight_norm(V, g, X):
    W = g[:, None] * V / np.linalg.norm(V, axis=1, keepdims=True)
    return np.sum(np.tanh(X @ W.T))


def standardised_regression(X, y, w):
    Z = (X - np.mean(X, axis=0)) / np.std(X, axis=0, ddof=1)
    return np.mean((Z @ w - y) ** 2)


def min_max_scaling(X, w):
    low, high = X.min(axis=0), X.max(axis=0)
    return np.sum((X - low) / (high - low) * w)


add("normalisation", layer_norm, X=normal(3, 5), gamma=normal(5), beta=normal(5), T=normal(3, 5))
add("normalisation", layer_norm_by_hand, x=normal(3, 5), g=normal(5), b=normal(5))
add("normalisation", batch_norm, X=normal(6, 3), gamma=normal(3), beta=normal(3), W=normal(6, 3))
add("normalisation", batch_norm_images, X=normal(3, 2, 2, 2), gamma=normal(2), beta=normal(2))
add("normalisation", rms_norm, x=normal(3, 5), g=normal(5), T=normal(3, 5))
add("normalisation", group_norm, X=normal(2, 4, 3), T=normal(2, 4, 3))
add("normalisation", weight_norm, V=normal(4, 3), g=normal(4), X=normal(5, 3))
add("normalisation", standardised_regression, X=normal(6, 3), y=normal(6), w=normal(3))
add("normalisation", min_max_scaling, X=normal(6, 3), w=normal(3))
