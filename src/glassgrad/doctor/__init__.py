"""The doctor: where along the chain a gradient dies, why, and which cure worked; on our models and on PyTorch's.

`measured` holds the numbers, `subjects` takes them from a training set-up, `learning` judges whether it learns,
`symptoms` what is seen, `causes` why, `cures` what helped; `ledger` and `report` show it. Floor 7.

Names are loaded when they are first used.

>>> x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
>>> report = gg.doctor.examine(nn.Linear(1, 1, key=0), nn.mse, (x, 3 * x + 1), gg.optim.adam(0.1), steps=100)
>>> report.verdict, report.causes
('healthy', ())
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glassgrad.doctor import callbacks
    from glassgrad.doctor.examining import examine
    from glassgrad.doctor.report.report import Report
    from glassgrad.doctor.watching import Visit, watch

_WHERE = {  # the imports above; tests/doctor/test_names.py holds them together
    "Report": "doctor.report.report",
    "Visit": "doctor.watching",
    "examine": "doctor.examining",
    "watch": "doctor.watching",
}

__all__ = ["Report", "Visit", "callbacks", "examine", "watch"]


def __getattr__(name: str) -> Any:
    if name == "callbacks":
        return importlib.import_module("glassgrad.doctor.callbacks")
    if name not in _WHERE:
        raise AttributeError(f"module 'glassgrad.doctor' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"glassgrad.{_WHERE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
