"""Cases for reductions."""

import numpy as np

from glassgrad.graph.op import OPS
from tests.table.case import COMPLEX, Case, booleans, distinct

CASES = [
    Case("any", ((2, 3),), {"axes": (1,)}, sample=booleans, dtypes=("float64",)),
    Case("all", ((2, 3),), {"axes": (0,)}, sample=booleans, dtypes=("float64",)),
    Case("all", ((2, 0),), {"axes": (1,)}, sample=booleans, dtypes=("float64",)),
    *[
        Case(name, ((2, 3, 4),), {"axes": axes}, dtypes=COMPLEX, analytic=True, note=f"axes{len(axes)}")
        for name in ("mean", "prod")
        for axes in ((1,), (0, 2), (0, 1, 2))
    ],
    Case("mean", ((2, 1),), {"axes": (1,)}, note="one"),
    Case("prod", ((2, 0),), {"axes": (1,)}, note="empty"),
    Case("prod", ((2, 3),), {"axes": (1,)}, sample=np.array([[0.0, 2.0, 3.0], [0.0, 1.5, 0.0]]), note="zeros"),
    *[
        Case(name, ((3, 4),), {"axes": axes, "ddof": ddof}, note=f"axes{len(axes)}-ddof{ddof}")
        for name in ("var", "std")
        for axes in ((0,), (0, 1))
        for ddof in (0, 1)
    ],
    Case(
        "std",
        ((3,),),
        {"axes": (0,), "ddof": 0},
        note="still",
        kinks={kink.when: ([np.ones(3)], [np.zeros(3)]) for kink in OPS["std"].kinks},
    ),
    *[
        Case(name, ((2, 3, 4),), {"axes": axes}, sample=distinct, note=f"axes{len(axes)}")
        for name in ("max", "min")
        for axes in ((1,), (0, 2), (0, 1, 2))
    ],
    *[
        Case(
            name,
            ((3,),),
            {"axes": (0,)},
            sample=distinct,
            note="ties",
            kinks={kink.when: ([np.array([1.0, 2.0, 2.0]) * sign], [[0.0, 0.5, 0.5]]) for kink in OPS[name].kinks},
        )
        for name, sign in (("max", 1), ("min", -1))
    ],
    Case("argmax", ((2, 3),), {"axis": 1}, sample=distinct),
    Case("argmin", ((2, 3),), {"axis": 0}, sample=distinct),
    *[
        Case(
            name,
            ((2, 4),),
            {"axis": axis, "backwards": backwards},
            dtypes=COMPLEX,
            analytic=True,
            note=f"{axis}{'b' * backwards}",
        )
        for name in ("cumsum", "cumprod")
        for axis in (0, 1)
        for backwards in (False, True)
    ],
    Case("cumprod", ((4,),), {"axis": 0, "backwards": False}, sample=np.array([2.0, 0.0, 3.0, 0.0]), note="zeros"),
    *[Case("shift", ((2, 3),), {"axis": 1, "step": step, "fill": 0.5}, note=f"step{step}") for step in (1, -1)],
    *[
        Case(
            "recurrence",
            ((2, 3), (2, 3)),
            {"axis": 1, "backwards": backwards},
            dtypes=COMPLEX,
            analytic=True,
            note=f"b{backwards}",
        )
        for backwards in (False, True)
    ],
    *[
        Case(name, ((2, 5),), {"axis": axis}, sample=distinct, note=f"axis{axis}")
        for name in ("sort", "argsort")
        for axis in (0, 1)
    ],
    *[Case(name, ((2, 5),), {"axis": 1, "kth": (1, 3)}, sample=distinct) for name in ("partition", "argpartition")],
    *[
        Case(
            name,
            ((3,),),
            params,
            sample=distinct,
            note="ties",
            kinks={kink.when: ([np.array([2.0, 1.0, 2.0])], [np.ones(3)]) for kink in OPS[name].kinks},
        )
        for name, params in (("sort", {"axis": 0}), ("partition", {"axis": 0, "kth": (1,)}))
    ],
]
