"""Physics: fields on grids, particles, springs."""

from numpy.random import default_rng


def heat_equation(lib):
    """100 steps on a grid of 128 × 128 by slices: the gradient towards the start."""
    np, random = lib.np, default_rng(0)

    def loss(start, target):
        def step(u, _):
            inner = u[1:-1, 1:-1]
            around = u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:]
            return np.pad(inner + 0.2 * (around - 4.0 * inner), 1), None

        u, _ = lib.scan(step, start, None, length=100)
        return np.sum((u - target) ** 2)

    return lib.grad(loss), (random.normal(size=(128, 128)), random.normal(size=(128, 128)))


def heat_in_space(lib):
    """10 explicit steps in a box of 64³, single precision, with a conductivity that varies."""
    np, random = lib.np, default_rng(0)

    def loss(u, conductivity):
        for _ in range(10):
            c = u[1:-1, 1:-1, 1:-1]
            around = (
                u[:-2, 1:-1, 1:-1] + u[2:, 1:-1, 1:-1] + u[1:-1, :-2, 1:-1]
                + u[1:-1, 2:, 1:-1] + u[1:-1, 1:-1, :-2] + u[1:-1, 1:-1, 2:]
            )  # fmt: skip
            u = np.pad(c + conductivity * (around - 6.0 * c), 1)
        return np.sum(u**2)

    u = random.normal(size=(64, 64, 64)).astype("float32")
    return lib.grad(loss, (0, 1)), (u, random.uniform(0, 0.1, (62, 62, 62)).astype("float32"))


def wave_equation(lib):
    """Full waveform inversion in little: 200 steps on 100 × 100, periodic, the gradient towards the speeds."""
    np, random = lib.np, default_rng(0)

    def loss(speed, source, seen):
        def step(state, given):
            before, now = state
            strength, trace = given
            around = np.roll(now, 1, 0) + np.roll(now, -1, 0) + np.roll(now, 1, 1) + np.roll(now, -1, 1)
            new = 2.0 * now - before + speed**2 * (around - 4.0 * now) + strength * source
            return (now, new), np.sum((new[5] - trace) ** 2)

        zeros = np.zeros((100, 100))
        return np.sum(lib.scan(step, (zeros, zeros), seen)[1])

    source = np.zeros((100, 100)) + (np.arange(100)[:, None] == 50) * (np.arange(100) == 50)
    seen = random.normal(size=200), random.normal(size=(200, 100)) * 0.1
    return lib.grad(loss), (random.uniform(0.3, 0.5, (100, 100)), source, seen)


def poisson_by_jacobi(lib):
    """Poisson's equation on 200 × 200 by 100 of Jacobi's iterations."""
    np, random = lib.np, default_rng(0)

    def solve(charge):
        def step(_, u):
            return np.pad(0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:] + charge), 1)

        return lib.fori_loop(0, 100, step, np.zeros((202, 202)))

    return solve, (random.normal(size=(200, 200)),)


def gravity(lib, count):
    np, random = lib.np, default_rng(0)

    def energy(x, masses):
        d = x[:, None] - x[None]
        distance = np.sqrt(np.sum(d**2, axis=2) + 0.01)
        return -0.5 * np.sum(masses[:, None] * masses / distance)

    return lib.grad(energy), (random.normal(size=(count, 3)), random.uniform(size=count))


def gravity_of_100(lib):
    return gravity(lib, 100)


def gravity_of_2000(lib):
    return gravity(lib, 2_000)


def lennard_jones(lib):
    """The forces of 500 atoms in a periodic box, and one step of velocity Verlet."""
    np, random = lib.np, default_rng(0)
    side = 8.0

    def energy(x):
        d = x[:, None, :] - x[None, :, :]
        d = d - side * np.round(d / side)
        square = np.sum(d**2, axis=-1) + np.eye(len(x)) * 100.0
        inverse = np.where(square < 6.25, 1.0 / square, 0.0)
        return 2.0 * np.sum(inverse**6 - inverse**3)

    def step(x, v):
        v = v - 0.0005 * lib.grad(energy)(x)
        x = x + 0.001 * v
        return x, v - 0.0005 * lib.grad(energy)(x)

    grid = np.stack(np.meshgrid(np.arange(8), np.arange(8), np.arange(8)), axis=-1).reshape(-1, 3)[:500]
    return step, (grid + 0.05 * random.normal(size=(500, 3)), random.normal(size=(500, 3)))


def planets(lib):
    """Five bodies, 1 000 leapfrog steps: the gradient of where they end towards where they began."""
    np, random = lib.np, default_rng(0)

    def final(x, v, masses):
        def force(x):
            d = x[None] - x[:, None]
            square = np.sum(d**2, axis=2) + 0.05
            return np.sum(d * (masses / square**1.5)[:, :, None], axis=1)

        def step(state, _):
            x, v = state
            v = v + 0.0005 * force(x)
            x = x + 0.001 * v
            return (x, v + 0.0005 * force(x)), None

        (x, _), _ = lib.scan(step, (x, v), None, length=1_000)
        return np.sum(x**2)

    return lib.grad(final, (0, 1)), (random.normal(size=(5, 3)), random.normal(size=(5, 3)), random.uniform(size=5))


def cloth(lib):
    """A cloth of 40 × 40 masses and its springs, 50 steps: the gradient towards the stiffness and the start."""
    np, random = lib.np, default_rng(0)

    def loss(stiffness, start):
        def energy(x):
            down, right = x[1:] - x[:-1], x[:, 1:] - x[:, :-1]
            lengths = [np.sqrt(np.sum(d**2, axis=2) + 1e-9) for d in (down, right)]
            return sum(0.5 * stiffness * np.sum((length - 1.0) ** 2) for length in lengths)

        def step(state, _):
            x, v = state
            v = 0.99 * v - 0.01 * (lib.grad(energy)(x) + np.asarray([0.0, 0.0, 0.1]))
            return (x + 0.01 * v, v), None

        (x, _), _ = lib.scan(step, (start, np.zeros_like(start)), None, length=50)
        return np.mean(x[..., 2])

    places = np.stack(np.meshgrid(np.arange(40) * 1.0, np.arange(40) * 1.0), axis=-1)
    start = np.concatenate([places, np.zeros((40, 40, 1))], axis=2) + 0.01 * random.normal(size=(40, 40, 3))
    return lib.grad(loss, (0, 1)), (np.float64(50.0), start)


def spring_network(lib):
    """Springs between 3 000 masses, given as pairs: forces by gather and scatter, 20 steps."""
    np, random = lib.np, default_rng(0)

    def final(x, pairs, rest):
        def energy(x):
            d = x[pairs[:, 0]] - x[pairs[:, 1]]
            return np.sum((np.sqrt(np.sum(d**2, axis=1) + 1e-6) - rest) ** 2)

        def step(_, state):
            x, v = state
            v = 0.95 * v - 0.05 * lib.grad(energy)(x)
            return x + 0.05 * v, v

        return lib.fori_loop(0, 20, step, (x, np.zeros_like(x)))[0]

    pairs = random.integers(0, 3_000, (12_000, 2))
    return final, (random.normal(size=(3_000, 3)), pairs, random.uniform(0.5, 1.5, 12_000))


def ising_energy(lib):
    """A relaxed Ising model of 512 × 512: the field that each spin feels."""
    np, random = lib.np, default_rng(0)

    def energy(spins, field):
        s = np.tanh(spins)
        return -np.sum(s * (np.roll(s, 1, 0) + np.roll(s, 1, 1))) - np.sum(field * s)

    return lib.grad(energy), tuple(random.normal(size=(2, 512, 512)).astype("float32"))


def burgers_flow(lib):
    """Burgers' equation, upwind, 500 steps of 1 024 cells: the gradient towards the start and the viscosity."""
    np = lib.np

    def loss(start, viscosity):
        def step(u, _):
            left, right = np.roll(u, 1), np.roll(u, -1)
            slope = np.where(u > 0.0, u - left, right - u)
            return u - 0.1 * u * slope + viscosity * (left - 2.0 * u + right), None

        return np.sum(lib.scan(step, start, None, length=500)[0] ** 2)

    return lib.grad(loss, (0, 1)), (np.sin(np.linspace(0, 6.28, 1_024)), np.float64(0.1))


PROGRAMS = (
    heat_equation,
    heat_in_space,
    wave_equation,
    poisson_by_jacobi,
    gravity_of_100,
    gravity_of_2000,
    lennard_jones,
    planets,
    cloth,
    spring_network,
    ising_energy,
    burgers_flow,
)
