"""Images and curves: filters, resampling, splines, transforms."""

from numpy.random import default_rng


def gaussian_blur(lib):
    """A separable blur of 11 taps by slices of a 512 × 512 image, and the gradient of a fit to another."""
    np, random = lib.np, default_rng(0)
    taps = np.exp(-0.5 * (np.arange(11) - 5.0) ** 2 / 4.0)
    taps = [float(t) for t in taps / np.sum(taps)]

    def loss(x, y):
        x = sum(t * x[i : i + 502] for i, t in enumerate(taps))
        x = sum(t * x[:, i : i + 502] for i, t in enumerate(taps))
        return np.mean((x - y) ** 2)

    x, y = random.normal(size=(2, 512, 512)).astype("float32")
    return lib.grad(loss), (x, y[5:-5, 5:-5].copy())


def total_variation(lib):
    """Denoising: 512 × 512, isotropic, the gradient."""
    np, random = lib.np, default_rng(0)

    def loss(x, y):
        down, right = x[1:, :-1] - x[:-1, :-1], x[:-1, 1:] - x[:-1, :-1]
        return np.sum(np.sqrt(down**2 + right**2 + 1e-6)) + 5.0 * np.sum((x - y) ** 2)

    return lib.grad(loss), tuple(random.normal(size=(2, 512, 512)).astype("float32"))


def bilinear_warp(lib):
    """An image of 256 × 256 resampled along an affine map: the gradient towards the map's six numbers."""
    np, random = lib.np, default_rng(0)

    def loss(a, image, target):
        i, j = np.meshgrid(np.arange(256) * 1.0, np.arange(256) * 1.0, indexing="ij")
        y = np.clip(a[0] * i + a[1] * j + a[2], 0.0, 254.999)
        x = np.clip(a[3] * i + a[4] * j + a[5], 0.0, 254.999)
        y0, x0 = np.floor(y).astype(int), np.floor(x).astype(int)
        dy, dx = y - y0, x - x0
        top = (1 - dx) * image[y0, x0] + dx * image[y0, x0 + 1]
        low = (1 - dx) * image[y0 + 1, x0] + dx * image[y0 + 1, x0 + 1]
        return np.mean(((1 - dy) * top + dy * low - target) ** 2)

    image, target = random.normal(size=(2, 256, 256))
    return lib.grad(loss), (np.asarray([0.9, 0.05, 3.1, -0.05, 0.9, 5.01]), image, target)


def spline_fit(lib):
    """A piecewise cubic with 30 knots at 100 000 places: the gradient towards the coefficients."""
    np, random = lib.np, default_rng(0)

    def loss(coefficients, knots, x, y):
        piece = np.clip(np.searchsorted(knots, x) - 1, 0, 29)
        t = x - knots[piece]
        a, b, c, d = coefficients[piece].T
        return np.mean((a + t * (b + t * (c + t * d)) - y) ** 2)

    x = random.uniform(0, 1, 100_000)
    return lib.grad(loss), (random.normal(size=(30, 4)), np.linspace(0, 1, 31), x, np.sin(6 * x))


def polynomial_fit(lib):
    """Horner's rule, degree 12, 500 000 places: the gradient towards the coefficients."""
    np, random = lib.np, default_rng(0)

    def loss(c, x, y):
        value = c[12]
        for k in range(11, -1, -1):
            value = value * x + c[k]
        return np.mean((value - y) ** 2)

    x = random.uniform(-1, 1, 500_000)
    return lib.grad(loss), (random.normal(size=13), x, np.cos(3 * x))


def fourier_convolution(lib):
    """A long convolution of 16 signals of 4 096 by the Fourier transform, and the gradient towards the kernel."""
    np, random = lib.np, default_rng(0)

    def loss(kernel, x, y):
        product = np.fft.rfft(x, 8_192) * np.fft.rfft(kernel, 8_192)
        return np.mean((np.fft.irfft(product, 8_192)[:, :4_096] - y) ** 2)

    return lib.grad(loss), (random.normal(size=4_096), *random.normal(size=(2, 16, 4_096)))


def structural_similarity(lib):
    """SSIM of two images of 256 × 256 with windows of 8 by running sums, and its gradient."""
    np, random = lib.np, default_rng(0)

    def window(x):
        x = np.cumsum(np.pad(x, ((1, 0), (0, 0))), axis=0)
        x = np.cumsum(np.pad(x[8:] - x[:-8], ((0, 0), (1, 0))), axis=1)
        return (x[:, 8:] - x[:, :-8]) / 64.0

    def loss(x, y):
        a, b = window(x), window(y)
        xx, yy, xy = window(x * x) - a * a, window(y * y) - b * b, window(x * y) - a * b
        return 1.0 - np.mean((2 * a * b + 0.01) * (2 * xy + 0.03) / ((a * a + b * b + 0.01) * (xx + yy + 0.03)))

    return lib.grad(loss), tuple(random.uniform(size=(2, 256, 256)))


def colour_histogram(lib):
    """A soft histogram of 64 bins of 65 536 pixels, compared with another."""
    np, random = lib.np, default_rng(0)

    def loss(x, target):
        bins = np.linspace(0, 1, 64)
        weights = np.exp(-0.5 * ((x[:, None] - bins) / 0.02) ** 2)
        histogram = np.mean(weights / np.sum(weights, axis=1, keepdims=True), axis=0)
        return np.sum((histogram - target) ** 2)

    return lib.grad(loss), (random.uniform(size=65_536), np.full(64, 1 / 64))


def volume_rendering(lib):
    """Transparency along 4 096 rays of 64 samples by running products: the gradient towards densities and colours."""
    np, random = lib.np, default_rng(0)

    def loss(density, colour, target):
        alpha = 1.0 - np.exp(-np.maximum(density, 0.0) * 0.05)
        clear = np.cumsum(np.log1p(-alpha + 1e-6), axis=1)
        weights = alpha * np.exp(np.concatenate([np.zeros_like(clear[:, :1]), clear[:, :-1]], axis=1))
        seen = np.sum(weights[:, :, None] / (1.0 + np.exp(-colour)), axis=1)
        return np.mean((seen - target) ** 2)

    shapes = (4_096, 64), (4_096, 64, 3), (4_096, 3)
    return lib.grad(loss, (0, 1)), tuple([random.normal(size=shape).astype("float32") for shape in shapes])


PROGRAMS = (
    gaussian_blur,
    total_variation,
    bilinear_warp,
    spline_fit,
    polynomial_fit,
    fourier_convolution,
    structural_similarity,
    colour_histogram,
    volume_rendering,
)
