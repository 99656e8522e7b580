"""scipy.linalg on traced values.

What is computed in place there (`overwrite_a`) or checked (`check_finite`) makes no difference here.
"""

from glassgrad.scipy.linalg import factors, functions, structured, systems
from glassgrad.scipy.lookup import names_of

__all__ = ["factors", "functions", "structured", "systems"]

__getattr__, __dir__ = names_of("scipy.linalg")
