"""Do the two halves of a batch pull the same way? Their gradients' likeness, and signal beside noise. Floor 7."""

from math import isfinite, sqrt

FEWEST = 4  # examples: with fewer there is no half of which a gradient says something


def likeness_and_noise(first: float, second: float, product: float, apart: float) -> tuple[float | None, float | None]:
    """(cosine of the two gradients, norm of their mean over its standard error); None for what is not told.

    Args:
        first: the norm of the gradient of one half.
        second: that of the other.
        product: of the two gradients.
        apart: the norm of their difference.

    >>> likeness_and_noise(1.0, 1.0, 1.0, 0.0)
    (1.0, None)
    """
    if not (isfinite(product) and isfinite(apart) and first > 0 and second > 0):
        return None, None
    return product / (first * second), sqrt(max(product, 0.0)) / (apart / 2) if apart else None
