"""Models of torch.compile: which parts are called as they were compiled, without a look at hooks. Floor 7."""

from typing import Any


def original_of(model: Any) -> Any:
    """The model that `torch.compile(model)` was given; any other as it is."""
    return model._orig_mod if _is_wrapper(model) else model  # noqa: SLF001 - the name by which its state is saved, too


def is_compiled(model: Any) -> bool:
    """Is it compiled, or a part of it?"""
    return any(_is_wrapper(module) or _is_compiled_in_place(module) for module in model.modules())


def takes_hooks(model: Any) -> bool:
    """Are hooks of its own called as Python? Those of the wrapper of `torch.compile(model)` are."""
    return not _is_compiled_in_place(model)


def _is_wrapper(module: Any) -> bool:
    return type(module).__name__ == "OptimizedModule"


def _is_compiled_in_place(module: Any) -> bool:
    return getattr(module, "_compiled_call_impl", None) is not None  # by `model.compile()`
