"""Where in the person's files PyTorch was called: the innermost line that is neither PyTorch's nor ours. Floor 7."""

import functools
import sys
from pathlib import Path
from types import FrameType
from typing import Literal

import torch

_TORCH = str(Path(torch.__file__).parent)
_PYTHON = str(Path(functools.__file__).parent)
_OURS = str(Path(__file__).parents[3])
_LAYERS = str(Path(_TORCH, "nn", "modules"))
_TRANSPARENT = str(Path("subjects", "torch", "swapping.py"))  # it stands between a person's call and PyTorch


@functools.lru_cache(maxsize=4096)
def _owner(file: str) -> Literal["container", "layer", "torch", "ours", "person"]:
    if file.startswith(_LAYERS):
        name = Path(file).name
        return "container" if name == "container.py" else "torch" if name == "module.py" else "layer"
    if file.startswith(_OURS):
        return "torch" if file.endswith(_TRANSPARENT) else "ours"
    if file.startswith(_PYTHON) and "-packages" not in file:
        return "torch"  # it stands in between, as functools does
    return "torch" if file.startswith((_TORCH, "<frozen")) else "person"


def caller() -> tuple[str | None, bool]:
    """(the person's line, is the call their own?) of the call to PyTorch that is being made.

    It is not their own where a layer of PyTorch's makes it; there is no line where a container or we call the layer.
    """
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the documented way to walk the stack cheaply
    is_own, was_outside = True, False
    while frame is not None:
        owner = _owner(frame.f_code.co_filename)
        if owner == "person":
            return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}", is_own
        if owner == "container" or (owner == "ours" and was_outside):
            return None, is_own and owner == "ours"
        was_outside = was_outside or owner != "ours"
        is_own = is_own and owner != "layer"
        frame = frame.f_back
    return None, is_own
