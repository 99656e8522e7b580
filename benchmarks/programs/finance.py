"""Finance and scalar programs: options, their Greeks and volatilities, root finding, small differential equations."""

from numpy.random import default_rng


def normal_cdf(lib, x):
    return 0.5 * (1.0 + lib.erf(x / 2.0**0.5))


def call_price(lib, spot, strike, rate, volatility, time):
    np = lib.np
    spread = volatility * np.sqrt(time)
    first = (np.log(spot / strike) + (rate + 0.5 * volatility**2) * time) / spread
    return spot * normal_cdf(lib, first) - strike * np.exp(-rate * time) * normal_cdf(lib, first - spread)


def options(count):
    random = default_rng(0)
    spot, strike = random.uniform(80, 120, (2, count))
    return spot, strike, random.uniform(0, 0.05, count), random.uniform(0.1, 0.5, count), random.uniform(0.1, 2, count)


def black_scholes_greeks(lib):
    """Price, all first derivatives and gamma of 100 000 options."""

    def greeks(*given):
        price, first = lib.value_and_grad(lambda *g: call_price(lib, *g), (0, 2, 3, 4))(*given)
        gamma = lib.grad(lib.grad(lambda s: call_price(lib, s, *given[1:])))(given[0])
        return price, first, gamma

    return lib.vmap(greeks), options(100_000)


def one_option(lib):
    """The price and the Greeks of a single option."""
    return lib.value_and_grad(lambda *g: call_price(lib, *g), (0, 2, 3, 4)), tuple([x[0] for x in options(1)])


def implied_volatility(lib):
    """20 000 volatilities by Newton's method, each until it has converged."""
    np = lib.np

    def solve(price, spot, strike, rate, time):
        def step(state):
            v, _, n = state
            found, vega = lib.value_and_grad(lambda v: call_price(lib, spot, strike, rate, v, time))(v)
            change = (found - price) / np.maximum(vega, 1e-3)
            return np.clip(v - change, 0.01, 3.0), np.abs(change), n + 1

        start = 0.3 + 0.0 * price, 1.0 + 0.0 * price, 0
        return lib.while_loop(lambda s: (s[1] > 1e-9) & (s[2] < 50), step, start)[0]

    spot, strike, rate, volatility, time = options(20_000)
    price = call_price(lib, spot, strike, rate, volatility, time)
    return lib.vmap(solve), (price, spot, strike, rate, time)


def binomial_tree(lib):
    """An American put on a tree of 500 steps: its price and its Greeks."""
    np = lib.np
    steps = 500

    def price(spot, volatility, rate):
        dt = 1.0 / steps
        up = np.exp(volatility * np.sqrt(dt))
        chance = (np.exp(rate * dt) - 1.0 / up) / (up - 1.0 / up)
        places = np.arange(steps + 1)

        def back(values, step):
            held = np.exp(-rate * dt) * (chance * np.concatenate([values[1:], values[-1:]]) + (1.0 - chance) * values)
            now = np.maximum(100.0 - spot * up ** (2.0 * places - step), 0.0)
            return np.maximum(held, now), None

        last = np.maximum(100.0 - spot * up ** (2.0 * places - steps), 0.0)
        values, _ = lib.scan(back, last, np.arange(steps - 1, -1, -1) * 1.0)
        return values[0]

    return lib.value_and_grad(price, (0, 1, 2)), (np.float64(100.0), np.float64(0.2), np.float64(0.03))


def heston_monte_carlo(lib):
    """20 000 paths of 100 steps of a stochastic volatility: the gradient towards the model's five numbers."""
    np, random = lib.np, default_rng(0)

    def price(model, normals):
        kappa, theta, sigma, rho, start = model
        dt = 0.01

        def step(state, z):
            log_spot, v = state
            positive = np.maximum(v, 0.0)
            spread = np.sqrt(positive * dt + 1e-12)
            log_spot = log_spot - 0.5 * positive * dt + spread * z[0]
            v = v + kappa * (theta - positive) * dt + sigma * spread * (rho * z[0] + np.sqrt(1 - rho**2) * z[1])
            return (log_spot, v), None

        count = normals.shape[-1]
        (log_spot, _), _ = lib.scan(step, (np.zeros(count), start + np.zeros(count)), normals)
        return np.mean(np.maximum(np.exp(log_spot) - 1.0, 0.0))

    model = tuple([np.float64(x) for x in (2.0, 0.04, 0.3, -0.7, 0.04)])
    return lib.grad(price), (model, random.normal(size=(100, 2, 20_000)))


def newton_roots(lib):
    """100 000 roots of Kepler's equation, 10 steps of Newton's method."""
    np, random = lib.np, default_rng(0)

    def anomaly(mean, e):
        f = lambda x: x - e * np.sin(x) - mean  # noqa: E731
        return lib.fori_loop(0, 10, lambda _, x: x - f(x) / lib.grad(f)(x), mean)

    return lib.vmap(anomaly), (random.uniform(0, 6, 100_000), random.uniform(0, 0.8, 100_000))


def bisection(lib):
    """20 000 quantiles of a mixture of two normals, by bisection."""
    np, random = lib.np, default_rng(0)

    def quantile(p, weight):
        def halve(ends):
            low, high = ends
            middle = 0.5 * (low + high)
            below = weight * normal_cdf(lib, middle - 1) + (1 - weight) * normal_cdf(lib, 2 * middle) < p
            return np.where(below, middle, low), np.where(below, high, middle)

        return lib.while_loop(lambda e: e[1] - e[0] > 1e-6, halve, (p * 0.0 - 8.0, p * 0.0 + 8.0))[0]

    return lib.vmap(quantile), (random.uniform(0.01, 0.99, 20_000), random.uniform(0, 1, 20_000))


def logistic_map(lib):
    """The derivative of the state after 1 000 steps, for one parameter."""
    np = lib.np

    def last(r):
        return lib.fori_loop(0, 1_000, lambda _, x: r * x * (1.0 - x), 0.0 * r + 0.3)

    return lib.value_and_grad(last), (np.float64(3.2),)


def lotka_volterra(lib):
    """The fit of predators and prey over 1 000 Runge–Kutta steps: the gradient towards the four rates."""
    np = lib.np

    def loss(rates, target):
        def flow(x):
            return np.stack([rates[0] * x[0] - rates[1] * x[0] * x[1], rates[2] * x[0] * x[1] - rates[3] * x[1]])

        def step(x, seen):
            dt = 0.01
            a = flow(x)
            b = flow(x + 0.5 * dt * a)
            c = flow(x + 0.5 * dt * b)
            d = flow(x + dt * c)
            x = x + dt / 6 * (a + 2 * b + 2 * c + d)
            return x, np.sum((x - seen) ** 2)

        _, errors = lib.scan(step, np.asarray([1.0, 1.0]), target)
        return np.sum(errors)

    return lib.grad(loss), (np.asarray([1.1, 0.4, 0.1, 0.4]), default_rng(0).uniform(1, 5, (1_000, 2)))


def stiff_kinetics(lib):
    """Robertson's reaction, 200 implicit steps each with 5 of Newton's, and the derivative towards the rates."""
    np = lib.np

    def final(rates):
        def flow(y):
            a, b, c = rates[0] * y[0], rates[1] * y[1] * y[2], rates[2] * y[1] ** 2
            return np.stack([b - a, a - b - c, c])

        def implicit(y, dt):
            def newton(_, z):
                return z - np.linalg.solve(np.eye(3) - dt * lib.jacobian_forward(flow)(z), z - y - dt * flow(z))

            return lib.fori_loop(0, 5, newton, y), None

        y, _ = lib.scan(implicit, np.asarray([1.0, 0.0, 0.0]), np.linspace(1e-4, 1.0, 200))
        return y[2]

    return lib.grad(final), (np.asarray([0.04, 1e4, 3e7]),)


def many_oscillators(lib):
    """Van der Pol's equation from 5 000 starts, 100 steps: forward mode along the damping."""
    np, random = lib.np, default_rng(0)

    def final(x, v, damping):
        def step(_, state):
            x, v = state
            v = v + 0.02 * (damping * (1.0 - x * x) * v - x)
            return x + 0.02 * v, v

        return lib.fori_loop(0, 100, step, (x, v))[0]

    def pushed(x, v, damping):
        return lib.jvp(lambda d: final(x, v, d), (damping,), (np.ones_like(damping),))

    return lib.vmap(pushed), tuple(random.uniform(0.1, 1.0, (3, 5_000)))


PROGRAMS = (
    black_scholes_greeks,
    one_option,
    implied_volatility,
    binomial_tree,
    heston_monte_carlo,
    newton_roots,
    bisection,
    logistic_map,
    lotka_volterra,
    stiff_kinetics,
    many_oscillators,
)
