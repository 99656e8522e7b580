"""The full names of NumPy's and SciPy's functions: `np.linalg.norm` for the function that a person calls. Floor 3."""

import ast
from typing import Any

import numpy as np

from glassgrad.tracing.written import numpy_name


def library_name(found: Any) -> ast.expr | None:
    """`np.linalg.norm` for NumPy's function, `scipy.special.erf` for SciPy's; None for what is of neither."""
    name = getattr(found, "__name__", None)
    if not callable(found) or not isinstance(name, str):
        return None
    module = getattr(found, "__module__", None) or ""
    if isinstance(found, np.ufunc):
        module = "numpy" if getattr(np, name, None) is found else "scipy.special"
    if module.startswith("glassgrad."):  # glassgrad.numpy.mean stands for np.mean
        module = {"glassgrad.numpy": "numpy"}.get(module, "")
        found = getattr(np, name, None) if module else None
    if module == "numpy" or module.startswith("numpy."):
        return _numpy_function(found, name, module)
    return _scipy_function(module, name) if module.startswith("scipy.") else None


def _numpy_function(found: Any, name: str, module: str) -> ast.expr | None:
    for path in ("", "linalg.", "fft.", "random."):
        part: Any = np if not path else getattr(np, path[:-1])
        if getattr(part, name, None) is found and (not path or path[:-1] in module):
            return numpy_name(path + name)
    return numpy_name(name) if getattr(np, name, None) is found else None


def _scipy_function(module: str, name: str) -> ast.expr:
    public = [part for part in module.split(".") if not part.startswith("_")][:2]
    result: ast.expr = ast.Name(public[0], ast.Load())
    for part in [*public[1:], name]:
        result = ast.Attribute(result, part, ast.Load())
    return result
