"""The function and the arguments that a command is about: from the person's own file or module, JSON or npz."""

import importlib
import importlib.util
import inspect
import json
import re
import sys
from collections.abc import Callable, Collection
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from glassgrad.cli.output import stop


def load_function(target: str) -> Callable[..., Any]:
    """The function named by `model.py:loss` or `package.module:loss`. Loading runs the file, as an import does."""
    found = load_object(target, "function")
    if not callable(found):
        stop(f"{target} is of type {type(found).__name__}, not a function")
    return found  # type: ignore[no-any-return]  # checked above


def load_object(target: str, kind: str) -> Any:
    """Whatever is named by `model.py:name` or `package.module:name`; `kind` is what it should be, for messages."""
    place, colon, name = target.rpartition(":")
    if not colon or not name:
        stop(f"{target!r} names no {kind}", hint=f"write file.py:{kind} or package.module:{kind}")
    module = _from_file(Path(place)) if place.endswith(".py") else _from_name(place)
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            near = get_close_matches(part, [n for n in vars(module) if not n.startswith("_")], 1)
            stop(f"{place} has no {part!r}", hint=f"did you mean {near[0]!r}?" if near else None)
        found = getattr(found, part)
    return found


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        stop(f"there is no file {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        stop(f"{path} cannot be loaded as Python")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    sys.path.insert(0, str(path.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # noqa: BLE001 - whatever the person's own file raises is told, not dumped
        stop(f"{path} fails while it is loaded: {type(error).__name__}: {error}")
    return module


def _from_name(name: str) -> ModuleType:
    sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except ImportError as error:
        stop(f"the module {name!r} cannot be imported: {error}", hint="for a file, write its path: model.py:loss")


def load_arguments(
    function: Callable[..., Any], file: Path | None, wrt: Collection[str] = ()
) -> tuple[list[Any], dict[str, Any]]:
    """The call's arguments: an object of names and values, or a list, from .json or .npz.

    JSON has one kind of number, so what a derivative is asked for (`wrt`) is read as real numbers.
    """
    parameters = _parameters(function)
    if file is None:
        missing = _missing(parameters, ())
        if missing:
            stop(f"no value is given for {', '.join(missing)}", hint="--args FILE, a .json or .npz of the arguments")
        return [], {}
    if not file.is_file():
        stop(f"there is no file {file}")
    roots = {re.split(r"[.\[]", path)[0] for path in wrt}
    values = _read_npz(file) if file.suffix == ".npz" else _read_json(file)
    if isinstance(values, list):
        names = [*parameters, *map(str, range(len(parameters), len(values)))]
        return [_as_array(value, name in roots) for name, value in zip(names, values, strict=False)], {}
    if not isinstance(values, dict):
        stop(
            f"{file} holds one {type(values).__name__}",
            hint='an object: {"x": [1, 2], "w": 0.5}; or a list of arguments',
        )
    _check_names(function, parameters, values, file)
    read = {name: _as_array(value, name in roots) for name, value in values.items()}
    return [read.pop(p.name) for p in parameters.values() if p.kind is p.POSITIONAL_ONLY and p.name in read], read


def _parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # some functions in C do not say
        return {}


def _missing(parameters: dict[str, inspect.Parameter], given: Collection[str]) -> list[str]:
    unbound = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [
        p.name for p in parameters.values() if p.default is p.empty and p.name not in given and p.kind not in unbound
    ]


def _read_npz(file: Path) -> dict[str, Any]:
    try:
        with np.load(file, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (ValueError, OSError) as error:
        stop(f"{file} cannot be read as npz: {error}")


def _read_json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        stop(f"{file} is neither JSON nor .npz", hint="for arrays: np.savez('arguments.npz', x=x, w=w)")
    except json.JSONDecodeError as error:
        stop(f"{file} cannot be read as JSON: {error}")


def _as_array(value: Any, real: bool) -> Any:
    """Lists of numbers as arrays; whole numbers become real ones where one of their neighbours or `real` asks."""
    if isinstance(value, dict):
        return {name: _as_array(part, real) for name, part in value.items()}
    if isinstance(value, list):
        try:
            array = np.asarray(value)
        except ValueError:
            return [_as_array(part, real) for part in value]
        if array.dtype.kind not in "biufc":
            return [_as_array(part, real) for part in value]
        return array.astype(float) if real and array.dtype.kind in "iu" else array
    return float(value) if real and type(value) is int else value


def _check_names(
    function: Callable[..., Any], parameters: dict[str, inspect.Parameter], values: dict[str, Any], file: Path
) -> None:
    if not parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return
    for name in values:
        if name not in parameters:
            near = [p for p in parameters if p.lower() == name.lower()] or get_close_matches(name, parameters, 1)
            stop(
                f"{file} gives {name!r}, which is no parameter of {getattr(function, '__name__', 'the function')}",
                hint=f"did you mean {near[0]!r}?" if near else f"its parameters are {', '.join(parameters)}",
            )
    missing = _missing(parameters, values)
    if missing:
        stop(f"{file} gives no value for {', '.join(missing)}")
