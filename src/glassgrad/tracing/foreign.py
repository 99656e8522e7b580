"""Which SciPy function a traced value was handed to, so that an error can name ours. Floor 3."""

import sys

from glassgrad.tracing.registry import NAMES


def scipy_function_in_use() -> str | None:
    """The public SciPy function that is running and that is declared by name: `scipy.special.logsumexp`."""
    frame = sys._getframe(1)  # noqa: SLF001 - the only way to see the callers
    while frame.f_back is not None:
        frame = frame.f_back
        parts = str(frame.f_globals.get("__name__", "")).split(".")
        if parts[0] == "scipy" and len(parts) > 1:
            name = f"scipy.{parts[1]}.{frame.f_code.co_name}"
            if name in NAMES:
                return name
        elif parts[0] not in ("scipy", "numpy", "glassgrad"):
            return None
    return None
