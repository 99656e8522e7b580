"""Cases for softmax and its kin; their meaning is SciPy's."""

import numpy as np
import scipy.special

from tests.table.case import Case

_MEANING = {
    "softmax": lambda x, axes: scipy.special.softmax(x, axis=axes),
    "log_softmax": lambda x, axes: scipy.special.log_softmax(x, axis=axes),
    "logsumexp": lambda x, axes: scipy.special.logsumexp(x, axis=axes),
}
_LARGE = np.array([[1e4, 1e4 - 1, 3.0], [-1e4, -1e4 + 2, -1e4]])

CASES = [
    case
    for name, meaning in _MEANING.items()
    for case in (
        Case(name, ((2, 3),), {"axes": (1,)}, meaning=meaning),
        Case(name, ((2, 3, 2),), {"axes": (0, 2)}, meaning=meaning, note="two"),
        Case(name, ((2, 3),), {"axes": (1,)}, meaning=meaning, sample=_LARGE, dtypes=("float64",), note="large"),
        Case(
            name,
            ((3, 0),),
            {"axes": (0,)},
            meaning=lambda x, axes, name=name: x if name != "logsumexp" else x.sum(0),
            note="empty",
        ),
    )
]
