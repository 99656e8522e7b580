"""Sequences: filters, likelihoods of time series, recurrent networks, alignments."""

from numpy.random import default_rng


def kalman_filter(lib):
    """The log likelihood of 500 observations under a state of 4 numbers, two of them seen, and its gradient."""
    np, random = lib.np, default_rng(0)

    def loss(parameters, seen):
        move, look, noise = parameters["move"], parameters["look"], np.exp(parameters["noise"])

        def step(state, y):
            mean, spread = state
            mean, spread = move @ mean, move @ spread @ move.T + noise[0] * np.eye(4)
            error = y - look @ mean
            s = look @ spread @ look.T + noise[1] * np.eye(2)
            gain = np.linalg.solve(s, look @ spread).T
            _, size = np.linalg.slogdet(s)
            likelihood = -0.5 * (error @ np.linalg.solve(s, error) + size)
            return (mean + gain @ error, spread - gain @ look @ spread), likelihood

        return -np.sum(lib.scan(step, (np.zeros(4), np.eye(4)), seen)[1])

    move = np.eye(4) + 0.1 * np.eye(4, k=2)
    given = {"move": move, "look": np.eye(2, 4), "noise": np.zeros(2)}
    return lib.grad(loss), (given, random.normal(size=(500, 2)))


def hidden_markov_model(lib):
    """The forward algorithm in logarithms: 16 states, 500 observations of 20 symbols."""
    np, random = lib.np, default_rng(0)

    def loss(transition, emission, symbols):
        log_t = transition - lib.logsumexp(transition, axis=1)[:, None]
        log_e = emission - lib.logsumexp(emission, axis=1)[:, None]

        def step(alpha, symbol):
            return lib.logsumexp(alpha[:, None] + log_t, axis=0) + log_e[:, symbol], None

        alpha, _ = lib.scan(step, log_e[:, symbols[0]] - np.log(16.0), symbols[1:])
        return -lib.logsumexp(alpha, axis=0)

    given = random.normal(size=(16, 16)), random.normal(size=(16, 20)), random.integers(0, 20, 500)
    return lib.grad(loss, (0, 1)), given


def garch_likelihood(lib):
    """A GARCH(1, 1) model's likelihood of 5 000 returns and its gradient."""
    np, random = lib.np, default_rng(0)

    def loss(parameters, returns):
        omega, alpha, beta = np.exp(parameters)

        def step(variance, r):
            variance = omega + alpha * r**2 + beta * variance
            return variance, np.log(variance) + r**2 / variance

        return 0.5 * np.sum(lib.scan(step, np.asarray(1.0), returns)[1])

    return lib.grad(loss), (np.log(np.asarray([0.1, 0.1, 0.8])), random.normal(size=5_000))


def exponential_smoothing(lib):
    """Holt–Winters with a season of 12 over 2 000 months: the squared error's gradient."""
    np, random = lib.np, default_rng(0)

    def loss(rates, series):
        alpha, beta, gamma = 1.0 / (1.0 + np.exp(-rates))

        def step(state, y):
            level, trend, season = state
            forecast = level + trend + season[0]
            new = alpha * (y - season[0]) + (1 - alpha) * (level + trend)
            trend = beta * (new - level) + (1 - beta) * trend
            first = gamma * (y - new) + (1 - gamma) * season[0]
            return (new, trend, np.concatenate([season[1:], first[None]])), (y - forecast) ** 2

        start = np.asarray(0.0), np.asarray(0.0), np.zeros(12)
        return np.mean(lib.scan(step, start, series)[1])

    return lib.grad(loss), (np.asarray([-1.0, -2.0, -1.0]), random.normal(size=2_000))


def long_recurrence(lib):
    """A linear recurrence of second order over 100 000 steps, and the gradient towards signal and coefficients."""
    np, random = lib.np, default_rng(0)

    def loss(coefficients, signal):
        def step(state, x):
            one, two = state
            y = coefficients[0] * x + coefficients[1] * one + coefficients[2] * two
            return (y, one), y

        return np.mean(lib.scan(step, (np.asarray(0.0), np.asarray(0.0)), signal)[1] ** 2)

    return lib.grad(loss, (0, 1)), (np.asarray([0.5, 1.2, -0.5]), random.normal(size=100_000))


def filter_bank(lib):
    """64 recursive filters over 8 000 samples each, single precision."""
    np, random = lib.np, default_rng(0)

    def loss(poles, signal):
        def step(state, x):
            state = poles * state + (1.0 - poles) * x
            return state, np.tanh(state)

        return np.mean(lib.scan(step, np.zeros_like(poles), signal)[1] ** 2)

    signal = random.normal(size=8_000).astype("float32")
    return lib.grad(loss), (random.uniform(0.5, 0.99, 64).astype("float32"), signal)


def sigmoid(np, x):
    return 1.0 / (1.0 + np.exp(-x))


def gru(lib):
    """A gated recurrent unit of 64, length 100, batch 16: the gradient of a regression."""
    np, random = lib.np, default_rng(0)

    def loss(p, x, y):
        def step(h, x):
            gates = x @ p["in"] + p["bias"]
            rz = sigmoid(np, gates[:, :128] + h @ p["gates"])
            r, z = rz[:, :64], rz[:, 64:]
            new = np.tanh(gates[:, 128:] + (r * h) @ p["new"])
            h = (1 - z) * h + z * new
            return h, None

        h, _ = lib.scan(step, np.zeros((16, 64), "float32"), x)
        return np.mean((h @ p["out"] - y) ** 2)

    shapes = {"in": (20, 192), "bias": (192,), "gates": (64, 128), "new": (64, 64), "out": (64, 1)}
    p = {name: (random.normal(size=shape) * 0.1).astype("float32") for name, shape in shapes.items()}
    given = random.normal(size=(100, 16, 20)).astype("float32"), random.normal(size=(16, 1)).astype("float32")
    return lib.grad(loss), (p, *given)


def peephole_lstm(lib):
    """An LSTM of 48 with peepholes, length 120, batch 8, double precision."""
    np, random = lib.np, default_rng(0)

    def loss(p, x, y):
        def step(state, x):
            h, c = state
            i, f, g, o = np.split(np.concatenate([x, h], axis=1) @ p["weight"] + p["bias"], 4, axis=1)
            i, f = sigmoid(np, i + p["peep"][0] * c), sigmoid(np, f + p["peep"][1] * c)
            c = f * c + i * np.tanh(g)
            h = sigmoid(np, o + p["peep"][2] * c) * np.tanh(c)
            return (h, c), h

        zeros = np.zeros((8, 48))
        _, h = lib.scan(step, (zeros, zeros), x)
        return np.mean((h @ p["out"] - y) ** 2)

    shapes = {"weight": (58, 192), "bias": (192,), "peep": (3, 48), "out": (48, 3)}
    p = {name: random.normal(size=shape) * 0.1 for name, shape in shapes.items()}
    return lib.grad(loss), (p, random.normal(size=(120, 8, 10)), random.normal(size=(120, 8, 3)))


def soft_time_warping(lib):
    """Soft dynamic time warping of two series of 150, row by row, and its gradient."""
    np, random = lib.np, default_rng(0)

    def distance(x, y):
        costs = (x[:, None] - y[None, :]) ** 2

        def row(above, cost):
            diagonal = np.concatenate([above[1], above[0][:-1]])

            def cell(left, given):
                c, up, corner = given
                value = c - lib.logsumexp(-np.stack([left, up, corner]), axis=0)
                return value, value

            _, found = lib.scan(cell, np.asarray(1e6), (cost, above[0], diagonal))
            return (found, np.full(1, 1e6)), None

        (last, _), _ = lib.scan(row, (np.full(150, 1e6), np.zeros(1)), costs)
        return last[-1]

    return lib.grad(distance), tuple(random.normal(size=(2, 150)))


def soft_edit_distance(lib):
    """Edit distances of 200 pairs of soft strings of length 30, anti-diagonal by anti-diagonal."""
    np, random = lib.np, default_rng(0)
    length = 30

    def distance(x, y):
        costs = 1.0 - x @ y.T  # (length, length)
        padded = np.concatenate([costs, np.ones((length, length))], axis=1)
        slanted = np.stack([np.roll(padded[i], i) for i in range(length)], axis=1)  # (diagonal, row)

        def step(state, cost):
            two, one = state
            corner = np.concatenate([two[:1] + 1.0, two[:-1]])
            up = np.concatenate([one[:1] + 1.0, one[:-1]])
            new = -0.1 * lib.logsumexp(-np.stack([corner + cost, up + 1.0, one + 1.0]) / 0.1, axis=0)
            return (one, new), new[-1]

        start = np.arange(length) * 1.0
        _, found = lib.scan(step, (start, start + 1.0), slanted)
        return found[2 * length - 2]

    def loss(x, y):
        return np.sum(lib.vmap(distance)(x, y))

    return lib.grad(loss), tuple(random.dirichlet([0.2] * 4, (2, 200, length)))


def viterbi_scores(lib):
    """The best path's score through 64 labels over 300 places, and its gradient: the path itself."""
    np, random = lib.np, default_rng(0)

    def best(transition, emission):
        def step(score, e):
            return np.max(score[:, None] + transition, axis=0) + e, None

        score, _ = lib.scan(step, emission[0], emission[1:])
        return np.max(score)

    given = random.normal(size=(64, 64)).astype("float32"), random.normal(size=(300, 64)).astype("float32")
    return lib.grad(best, (0, 1)), given


PROGRAMS = (
    kalman_filter,
    hidden_markov_model,
    garch_likelihood,
    exponential_smoothing,
    long_recurrence,
    filter_bank,
    gru,
    peephole_lstm,
    soft_time_warping,
    soft_edit_distance,
    viterbi_scores,
)
