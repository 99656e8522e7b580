"""Random numbers: their distributions (fixed keys), their derivatives, and keys under every transform."""

import numpy as np
import pytest
import scipy.stats

import glassgrad as gg
from glassgrad import random
from glassgrad.base.errors import ConversionError, DtypeError, ShapeError, UsageError

KEYS = [random.key(seed) for seed in (0, 1, 2)]
MANY = 20_000


# ------------------------------------------------------------------ keys
def test_keys_are_seeds_in_two_words():
    np.testing.assert_array_equal(random.key(2**40 + 5), [2**8, 5])
    assert random.key(0).dtype == np.uint32
    for seed in (-1, 2**64):
        with pytest.raises(UsageError, match="2⁶⁴"):
            random.key(seed)
    with pytest.raises(UsageError, match="fold_in"):
        random.key(1.5)


def test_split_and_fold_give_keys_of_their_own():
    keys = random.split(random.key(3), 1000)
    assert keys.shape == (1000, 2)
    assert len({tuple(key) for key in keys.tolist()}) == 1000
    folded = np.stack([random.fold_in(random.key(3), n) for n in range(5)])
    assert len({tuple(key) for key in folded.tolist()}) == 5
    np.testing.assert_array_equal(gg.vmap(random.fold_in, (None, 0))(random.key(3), np.arange(5)), folded)
    with pytest.raises(UsageError, match="fixed number"):
        random.split(random.key(0), 1.5)


def test_bits_are_even():
    for width in (32, 64):
        words = random.bits(random.key(1), (4096,), width)
        ones = sum(int(word).bit_count() for word in words)
        assert abs(ones - 4096 * width / 2) < 5 * np.sqrt(4096 * width) / 2
    with pytest.raises(UsageError, match="32 or 64"):
        random.bits(random.key(1), (), 8)


def test_a_key_must_be_a_key():
    for wrong in (np.array([1, 2]), np.uint32(1), np.zeros(3, np.uint32)):
        with pytest.raises(DtypeError, match=r"random\.key\(0\)"):
            random.normal(wrong)


def test_numbers_depend_on_the_key_and_their_place_alone():
    long, short = random.normal(KEYS[0], 100_001), random.normal(KEYS[0], 7)
    np.testing.assert_array_equal(long[:7], short)
    np.testing.assert_array_equal(random.normal(KEYS[0], (7, 1))[:, 0], short)
    assert not np.any(random.normal(KEYS[1], 7) == short)


# ------------------------------------------------------------------ distributions
CONTINUOUS = {
    "uniform": (lambda key: random.uniform(key, MANY, low=-1.0, high=3.0), scipy.stats.uniform(-1, 4)),
    "normal": (lambda key: random.normal(key, MANY, loc=2.0, scale=0.5), scipy.stats.norm(2, 0.5)),
    "normal32": (lambda key: random.normal(key, MANY, dtype=np.float32), scipy.stats.norm()),
    "lognormal": (
        lambda key: random.lognormal(key, MANY, mean=0.2, sigma=0.7),
        scipy.stats.lognorm(0.7, 0, np.exp(0.2)),
    ),
    "exponential": (lambda key: random.exponential(key, MANY, scale=3.0), scipy.stats.expon(0, 3)),
    "laplace": (lambda key: random.laplace(key, MANY, loc=1.0, scale=2.0), scipy.stats.laplace(1, 2)),
    "gumbel": (lambda key: random.gumbel(key, MANY, loc=1.0, scale=2.0), scipy.stats.gumbel_r(1, 2)),
    "logistic": (lambda key: random.logistic(key, MANY, loc=1.0, scale=2.0), scipy.stats.logistic(1, 2)),
    "cauchy": (lambda key: random.cauchy(key, MANY, loc=1.0, scale=2.0), scipy.stats.cauchy(1, 2)),
    "truncated": (lambda key: random.truncated_normal(key, -0.5, 2.0, MANY), scipy.stats.truncnorm(-0.5, 2.0)),
    "truncated-far": (lambda key: random.truncated_normal(key, 9.0, 11.0, MANY), scipy.stats.truncnorm(9.0, 11.0)),
    "chisquare": (lambda key: random.chisquare(key, 3.0, MANY), scipy.stats.chi2(3)),
    "student": (lambda key: random.student_t(key, 2.5, MANY, loc=1.0, scale=2.0), scipy.stats.t(2.5, 1, 2)),
    **{
        f"gamma{a}": (lambda key, a=a: random.gamma(key, a, MANY, scale=2.0), scipy.stats.gamma(a, 0, 2))
        for a in (0.1, 0.9, 1.0, 2.5, 60.0)
    },
    **{
        f"beta{a}-{b}": (lambda key, a=a, b=b: random.beta(key, a, b, MANY), scipy.stats.beta(a, b))
        for a, b in ((0.2, 0.3), (1.0, 1.0), (2.0, 5.0))
    },
}


@pytest.mark.parametrize("name", CONTINUOUS)
def test_continuous_distributions(name):
    draw, law = CONTINUOUS[name]
    for key in KEYS:
        numbers = draw(key)
        assert numbers.shape == (MANY,)
        assert scipy.stats.kstest(numbers, law.cdf).pvalue > 1e-3
    if np.isfinite(law.stats("mvsk")).all():  # moments, where they exist
        mean, variance, _, kurtosis = law.stats("mvsk")
        assert abs(np.mean(numbers) - mean) < 5 * np.sqrt(variance / MANY)
        assert abs(np.var(numbers) - variance) < 6 * variance * np.sqrt((kurtosis + 2) / MANY)


def chi_square(counts, probabilities):
    expected = probabilities * counts.sum()
    common = expected > 8
    rare = counts[~common].sum(), expected[~common].sum()
    observed, wanted = [*counts[common], rare[0]], [*expected[common], rare[1]]
    if rare[1] < 1e-9:
        assert rare[0] == 0
        observed, wanted = observed[:-1], wanted[:-1]
    if len(observed) == 1:
        return 1.0
    return scipy.stats.chisquare(observed, np.array(wanted) * sum(observed) / sum(wanted)).pvalue


@pytest.mark.parametrize("rate", [0.0, 0.3, 4.0, 9.99, 10.0, 25.0, 700.0])
def test_poisson(rate):
    for key in KEYS:
        counts = np.bincount(random.poisson(key, rate, MANY), minlength=2)
        assert chi_square(counts, scipy.stats.poisson.pmf(np.arange(len(counts)), rate)) > 1e-3


def test_bernoulli_categorical_and_randint():
    weights = np.array([0.1, 0.0, 0.6, 0.3])
    with np.errstate(divide="ignore"):
        logits = np.log(weights)
    for key in KEYS:
        assert chi_square(np.bincount(random.bernoulli(key, 0.3, MANY)), np.array([0.7, 0.3])) > 1e-3
        assert chi_square(np.bincount(random.categorical(key, logits, shape=MANY), minlength=4), weights) > 1e-3
        assert chi_square(np.bincount(random.choice(key, 4, MANY, p=weights), minlength=4), weights) > 1e-3
        assert chi_square(np.bincount(random.randint(key, MANY, -2, 5) + 2), np.full(7, 1 / 7)) > 1e-3
    assert random.categorical(KEYS[0], np.zeros((2, 5, 3)), axis=1).shape == (2, 3)
    assert random.categorical(KEYS[0], np.zeros((5, 3)), axis=0, shape=(4, 3)).shape == (4, 3)
    assert random.bernoulli(KEYS[0], np.full((2, 2), 0.5)).shape == (2, 2)
    np.testing.assert_array_equal(random.randint(KEYS[0], None, np.array([1, 5]), np.array([2, 6])), [1, 5])


def test_dirichlet_and_multivariate_normal():
    alpha = np.array([0.4, 1.0, 3.0])
    vectors = random.dirichlet(KEYS[0], alpha, MANY)
    np.testing.assert_allclose(vectors.sum(axis=1), 1.0, rtol=1e-12)
    for k in range(3):
        assert scipy.stats.kstest(vectors[:, k], scipy.stats.beta(alpha[k], alpha.sum() - alpha[k]).cdf).pvalue > 1e-3
    tiny = random.dirichlet(KEYS[0], np.full(3, 1e-4), 50)
    np.testing.assert_allclose(tiny.sum(axis=1), 1.0)  # where gamma numbers underflow
    cov = np.array([[2.0, 0.6], [0.6, 0.5]])
    numbers = random.multivariate_normal(KEYS[1], np.array([1.0, -1.0]), cov, MANY)
    np.testing.assert_allclose(np.cov(numbers.T), cov, atol=0.06)
    np.testing.assert_allclose(numbers.mean(axis=0), [1, -1], atol=0.05)
    assert random.multivariate_normal(KEYS[1], np.zeros((3, 2)), cov).shape == (3, 2)


def test_permutations_are_equally_likely():
    keys = random.split(KEYS[0], 6000)
    orders = gg.vmap(lambda key: random.permutation(key, 3))(keys)
    _, counts = np.unique(orders, axis=0, return_counts=True)
    assert chi_square(counts, np.full(6, 1 / 6)) > 1e-3
    x = np.arange(12).reshape(4, 3)
    moved = random.permutation(KEYS[0], x, axis=1)
    np.testing.assert_array_equal(np.sort(moved, axis=1), x)
    np.testing.assert_array_equal(x, np.arange(12).reshape(4, 3))
    np.testing.assert_array_equal(random.shuffle(KEYS[0], x), x[random.permutation(KEYS[0], 4)])


def test_choice_without_replacement():
    picked = random.choice(KEYS[0], np.arange(10, 20), (5,), replace=False)
    assert len(set(picked.tolist())) == 5
    weights = np.array([0.0, 1.0, 1.0])
    assert set(random.choice(KEYS[1], 3, (2,), replace=False, p=weights).tolist()) == {1, 2}
    first = [
        random.choice(key, 3, (1,), replace=False, p=np.array([0.2, 0.3, 0.5]))[0]
        for key in random.split(KEYS[2], 3000)
    ]
    assert chi_square(np.bincount(first), np.array([0.2, 0.3, 0.5])) > 1e-3
    assert random.choice(KEYS[0], np.arange(6).reshape(2, 3), (4, 2), axis=1).shape == (2, 4, 2)


# ------------------------------------------------------------------ derivatives
def test_location_and_scale_by_arithmetic():
    noise = random.normal(KEYS[0], 5)
    np.testing.assert_allclose(gg.jacobian(lambda m: random.normal(KEYS[0], 5, loc=m))(2.0), np.ones(5))
    np.testing.assert_allclose(gg.jacobian(lambda s: random.normal(KEYS[0], 5, scale=s))(2.0), noise)
    np.testing.assert_allclose(
        gg.jacobian(lambda high: random.uniform(KEYS[0], 3, low=1.0, high=high))(4.0), random.uniform(KEYS[0], 3)
    )
    for draw in (random.laplace, random.gumbel, random.logistic, random.cauchy):
        unit = draw(KEYS[0], 4)
        np.testing.assert_allclose(gg.jacobian(lambda s, d=draw: d(KEYS[0], 4, loc=1.0, scale=s))(3.0), unit)


@pytest.mark.parametrize("a", [0.05, 0.4, 1.0, 3.0, 40.0, 900.0])
def test_gamma_moves_with_its_shape_as_its_quantile_does(a):
    numbers = random.gamma(KEYS[0], np.full(20, a))
    areas = scipy.stats.gamma.cdf(numbers, a)
    step = 1e-4 * a
    law = scipy.stats.gamma.ppf
    quantiles = [law(areas, a + k * step) for k in (-2, -1, 1, 2)]
    slope = (quantiles[0] - 8 * quantiles[1] + 8 * quantiles[2] - quantiles[3]) / (12 * step)
    found = gg.jacobian(lambda a: random.gamma(KEYS[0], np.broadcast_to(a, 20)))(a)
    np.testing.assert_allclose(found, slope, rtol=2e-6, atol=1e-9 * np.max(np.abs(slope)))
    second = gg.jacobian(gg.jacobian(lambda a: random.gamma(KEYS[0], np.broadcast_to(a, 20))))(a)
    curve = (-quantiles[0] + 16 * quantiles[1] - 30 * numbers + 16 * quantiles[2] - quantiles[3]) / (12 * step**2)
    np.testing.assert_allclose(second, curve, rtol=1e-3, atol=1e-4 * np.max(np.abs(curve)) + 1e-6)


def test_draws_pass_a_gradient_check():
    """A draw from a held key is one smooth function of its parameters."""
    gg.check_gradients(lambda a, scale: random.gamma(KEYS[0], a, (3,), scale=scale), 1.7, 0.4)
    gg.check_gradients(lambda a, b: random.beta(KEYS[0], a, b, (3,)), 0.8, 2.2)
    gg.check_gradients(lambda alpha: random.dirichlet(KEYS[0], alpha), np.array([0.5, 1.5, 3.0]))
    gg.check_gradients(lambda df: random.student_t(KEYS[0], df, (3,)), 4.2)
    gg.check_gradients(lambda low, high: random.truncated_normal(KEYS[0], low, high, (3,)), -0.4, 1.8)


def test_expectations_have_the_derivatives_of_their_formulas():
    """d/da E[f(z)], with many numbers: E z = a, E ln z = ψ(a), E z² = a (a + 1)."""
    a = 1.7
    mean = gg.grad(lambda a: np.mean(random.gamma(KEYS[0], a, MANY)))(a)
    square = gg.grad(lambda a: np.mean(random.gamma(KEYS[0], a, MANY) ** 2))(a)
    logs = gg.grad(lambda a: np.mean(random.loggamma(KEYS[0], a, MANY)))(a)
    np.testing.assert_allclose([mean, square, logs], [1, 2 * a + 1, scipy.special.polygamma(1, a)], rtol=0.03)
    share = gg.grad(lambda a: np.mean(random.beta(KEYS[0], a, 2.0, MANY)))(a)
    np.testing.assert_allclose(share, 2 / (a + 2) ** 2, rtol=0.03)
    alpha = np.array([0.5, 1.0, 2.0])
    jacobian = gg.jacobian(lambda alpha: np.mean(random.dirichlet(KEYS[0], alpha, MANY), axis=0))(alpha)
    np.testing.assert_allclose(jacobian, np.eye(3) / 3.5 - alpha[:, None] / 3.5**2, atol=0.01)
    spread = gg.grad(lambda df: np.mean(random.student_t(KEYS[0], df, 4 * MANY) ** 2))(12.0)
    np.testing.assert_allclose(spread, -2 / 10.0**2, rtol=0.1)
    cov = np.array([[2.0, 0.3], [0.3, 1.0]])
    curve = gg.grad(lambda cov: np.mean(random.multivariate_normal(KEYS[0], np.zeros(2), cov, MANY)[:, 0] ** 2))(cov)
    np.testing.assert_allclose(curve, [[1, 0], [0, 0]], atol=0.05)


def test_truncated_normal_moves_with_its_bounds():
    law = scipy.stats.truncnorm
    numbers = random.truncated_normal(KEYS[0], -0.3, 1.2, 10)
    areas = law.cdf(numbers, -0.3, 1.2)
    for argument in (0, 1):
        found = gg.jacobian(lambda low, high: random.truncated_normal(KEYS[0], low, high, 10), argument)(-0.3, 1.2)
        step = 1e-6 * np.eye(2)[argument]
        slope = (
            law.ppf(areas, *(np.array([-0.3, 1.2]) + step)) - law.ppf(areas, *(np.array([-0.3, 1.2]) - step))
        ) / 2e-6
        np.testing.assert_allclose(found, slope, rtol=1e-6)


def test_single_precision_parameters_have_single_precision_gradients():
    scale = np.float32(2.0)
    assert random.normal(KEYS[0], 3, scale=scale).dtype == np.float32
    assert gg.grad(lambda s: random.normal(KEYS[0], 3, scale=s).sum())(scale).dtype == np.float32
    assert gg.grad(lambda a: random.gamma(KEYS[0], a, 3).sum())(np.float32(2.0)).dtype == np.float32
    assert random.gamma(KEYS[0], 2.0, 3, dtype=np.float32).dtype == np.float32


# ------------------------------------------------------------------ keys under transforms
DRAWS = {
    "normal": lambda key: random.normal(key, (3,)),
    "uniform": lambda key: random.uniform(key, (2, 2), dtype=np.float32),
    "gamma": lambda key: random.gamma(key, np.array([0.3, 2.0, 30.0])),
    "dirichlet": lambda key: random.dirichlet(key, np.array([0.3, 2.0])),
    "poisson": lambda key: random.poisson(key, np.array([0.3, 20.0])),
    "categorical": lambda key: random.categorical(key, np.array([0.3, 2.0, 1.0])),
    "permutation": lambda key: random.permutation(key, 6),
    "choice": lambda key: random.choice(key, np.arange(5.0), (3,), replace=False),
    "weighted": lambda key: random.choice(key, np.arange(3.0), (3,), p=np.array([0.2, 0.5, 0.3])),
    "randint": lambda key: random.randint(key, (4,), 0, 10),
    "laplace": lambda key: random.laplace(key, (2,)),
    "student": lambda key: random.student_t(key, 3.0, (2,)),
    "truncated": lambda key: random.truncated_normal(key, -1.0, 2.0, (2,)),
    "bernoulli": lambda key: random.bernoulli(key, 0.3, (5,)),
    "split": lambda key: random.normal(random.split(key, 3)[1], (2,)),
    "fold": lambda key: random.normal(random.fold_in(key, 9), (2,)),
    "vectors": lambda key: random.multivariate_normal(key, np.zeros(2), np.eye(2)),
}


@pytest.mark.parametrize("name", DRAWS)
def test_traced_and_batched_keys_give_what_plain_keys_give(name):
    draw = DRAWS[name]
    keys = random.split(KEYS[1], 4)
    plain = [draw(key) for key in keys]
    assert all(isinstance(value, np.ndarray | np.generic) for value in plain)
    for key, value in zip(keys, plain, strict=True):
        np.testing.assert_allclose(gg.jit(draw)(key), value, rtol=1e-14)
    found = gg.vmap(draw)(keys)
    np.testing.assert_allclose(found, np.stack(plain), rtol=1e-14)
    _, stacked = gg.scan(lambda carry, key: (carry, draw(key)), 0.0, keys)
    np.testing.assert_allclose(stacked, np.stack(plain), rtol=1e-14)


def test_mapped_parameters_with_one_key():
    shapes = np.array([0.5, 2.0, 9.0])
    found = gg.vmap(lambda a: random.gamma(KEYS[0], a, (2,)))(shapes)
    np.testing.assert_allclose(found, [random.gamma(KEYS[0], a, (2,)) for a in shapes], rtol=1e-14)
    gradients = gg.vmap(gg.grad(lambda a: random.gamma(KEYS[0], a, (2,)).sum()))(shapes)
    single = [gg.grad(lambda a: random.gamma(KEYS[0], a, (2,)).sum())(a) for a in shapes]
    np.testing.assert_allclose(gradients, single, rtol=1e-12)


def test_a_stochastic_loop_has_the_gradient_of_its_steps():
    def loss(scale):
        def step(x, key):
            x = 0.9 * x + random.normal(key, (), scale=scale)
            return x, x**2

        _, squares = gg.scan(step, 0.0, random.split(KEYS[0], 6))
        return np.sum(squares)

    noise = [random.normal(key, ()) for key in random.split(KEYS[0], 6)]
    x, total = 0.0, 0.0
    for one in noise:
        x = 0.9 * x + one
        total += x**2
    np.testing.assert_allclose(gg.grad(loss)(2.0), 2 * 2.0 * total, rtol=1e-12)


def test_keys_folded_with_a_traced_number():
    found = gg.fori_loop(0, 4, lambda i, total: total + random.normal(random.fold_in(KEYS[0], i), ()), 0.0)
    np.testing.assert_allclose(found, sum(random.normal(random.fold_in(KEYS[0], i), ()) for i in range(4)), rtol=1e-12)


# ------------------------------------------------------------------ errors
@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: random.normal(KEYS[0], (2,), loc=np.zeros(3)), ShapeError, "broadcast"),
        (
            lambda: random.normal(KEYS[0], (1,), loc=np.zeros(3)),
            ShapeError,
            r"do not fit random numbers of shape \(1,\)",
        ),
        (lambda: random.normal(KEYS[0], (-1,)), ShapeError, "shape"),
        (lambda: random.normal(KEYS[0], dtype=np.int64), DtypeError, "real"),
        (lambda: random.randint(KEYS[0], (2,)), UsageError, "upper bound"),
        (lambda: random.choice(KEYS[0], 3, (4,), replace=False), ShapeError, "4 among 3"),
        (lambda: random.choice(KEYS[0], 3, p=np.ones(2)), ShapeError, "probabilities"),
        (lambda: random.choice(KEYS[0], 0), ShapeError, "no elements"),
        (lambda: random.permutation(KEYS[0], 2.5), ShapeError, "single number"),
        (lambda: random.shuffle(KEYS[0], 3), ShapeError, "takes an array"),
        (lambda: random.dirichlet(KEYS[0], 2.0), ShapeError, "vector of shapes"),
        (lambda: random.categorical(KEYS[0], np.zeros((2, 3)), shape=(3,)), ShapeError, "categorical"),
        (lambda: random.multivariate_normal(KEYS[0], np.zeros(2), np.eye(3)), ShapeError, "do not belong"),
    ],
)
def test_errors(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_numpys_own_generators_point_to_keys():
    for call in (np.random.default_rng(0).normal, np.random.normal):
        with pytest.raises(ConversionError, match=r"glassgrad\.random"):
            gg.grad(lambda m, draw=call: draw(m))(1.0)
