"""Random numbers are NumPy's."""

from numpy.random import *  # noqa: F403 - the module's names, as they are
from numpy.random import RandomState, rand, randint, randn, random, seed, uniform  # noqa: F401 - not all are in __all__
