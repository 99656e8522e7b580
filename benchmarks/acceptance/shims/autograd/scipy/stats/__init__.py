"""scipy.stats: each distribution is looked up in Glassgrad, then in SciPy."""

import sys
from types import ModuleType

import scipy.stats

from autograd.numpy.lookup import found, module

_NAMES = ("beta", "binom", "chi2", "dirichlet", "gamma", "multivariate_normal", "norm", "poisson", "t")


def _distribution(name: str) -> ModuleType:
    """A module of that name, whose functions are the distribution's methods."""
    made = ModuleType(f"{__name__}.{name}")
    places = getattr(module("glassgrad.scipy.stats"), name, None), getattr(scipy.stats, name)
    made.__getattr__ = lambda function: found(function, *places)  # type: ignore[method-assign]  # a module's own hook
    sys.modules[made.__name__] = made
    return made


globals().update({name: _distribution(name) for name in _NAMES})
