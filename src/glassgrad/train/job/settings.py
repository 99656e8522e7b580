"""What a job is told: the data, the target, and what overrules what is inferred or chosen; as TOML. Floor 7."""

import json
import re
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from glassgrad.base.errors import UsageError
from glassgrad.train.tabular.frames import normal
from glassgrad.train.tabular.options import Options

_TEXTS = ("data", "target", "task", "time_column", "separator", "activation", "optimizer")
_WHOLE = ("rows", "batch_size", "epochs", "patience", "seed")
_SHARES = ("test", "validation")
_NUMBERS = ("weight_decay", "dropout", "clip")
NAMES = (*_TEXTS[:5], _WHOLE[0], *_SHARES, "hidden", *_TEXTS[5:], "lr", *_NUMBERS, *_WHOLE[1:], "kind")
_KINDS = ("number", "category", "date", "left out")
_DROPPED = ("drop", "dropped", "none", "left-out")
_OF_NETWORK = {"hidden", *_TEXTS[5:], "lr", *_NUMBERS, *_WHOLE[1:]}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a job; what is None or empty is found out from the data."""

    data: str
    target: str
    task: str | None = None
    time_column: str | None = None
    separator: str | None = None
    rows: int | None = None  # at most, drawn by chance
    test: float = 0.2  # shares of the rows
    validation: float = 0.1
    kinds: dict[str, str] = field(default_factory=dict)
    options: Options = field(default_factory=Options)

    @staticmethod
    def of(given: Mapping[str, Any], where: str) -> "Settings":
        """The settings from values by name, as they stand in a file or on the command line; `where` names the file.

        >>> settings = Settings.of({"data": "pets.csv", "target": "weight", "hidden": [64, 32]}, "train.toml")
        >>> settings.options.hidden, settings.test
        ((64, 32), 0.2)
        """
        values = {name: _checked(name, value, where) for name, value in given.items()}
        values |= {name: normal(values[name]) for name in ("target", "time_column") if values.get(name) is not None}
        for name, hint in (("data", 'data = "table.csv"'), ("target", 'target = "column"')):
            if name not in values:
                raise UsageError(f"{where or 'the command'} does not say what the {name} is", hint=hint)
        chosen = {"rate" if name == "lr" else name: values.pop(name) for name in [*values] if name in _OF_NETWORK}
        if chosen.get("clip") == 0:
            chosen["clip"] = None
        return Settings(kinds=values.pop("kind", {}), options=replace(Options(), **chosen), **values)

    def values(self) -> dict[str, Any]:
        """The settings by name, as `of` takes them; without those that are None."""
        found = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in ("kinds", "options")}
        network = asdict(self.options)
        network["lr"] = network.pop("rate")
        network["hidden"] = None if network["hidden"] is None else list(network["hidden"])
        network["clip"] = network["clip"] or 0
        found |= network | ({"kind": dict(self.kinds)} if self.kinds else {})
        return {name: found[name] for name in NAMES if found.get(name) is not None}

    def toml(self) -> str:
        """The settings as a file for `--config`."""
        plain = [f"{name} = {_toml(value)}" for name, value in self.values().items() if name != "kind"]
        kinds = [f"{_toml(name)} = {_toml(kind)}" for name, kind in self.kinds.items()]
        return "\n".join([*plain, *(["", "[kind]", *kinds] if kinds else []), ""])

    def command(self, out: str | None = None) -> str:
        """The command line that does the same job: what differs from the defaults."""
        usual = Settings(self.data, self.target).values()
        words = ["glassgrad", "train", self.data, "--target", self.target]
        for name, value in self.values().items():
            if name in ("data", "target", "kind") or usual.get(name) == value:
                continue
            words += [f"--{name.replace('_', '-')}", _word(value)]
        for name, kind in self.kinds.items():
            words += ["--kind", f"{name}={kind}"]
        return shlex.join([*words, *(["--out", out] if out else [])])


def read_settings(path: Path) -> dict[str, Any]:
    """The values in a TOML file, by name. Raises UsageError where it is none."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}") from None
    except IsADirectoryError:
        raise UsageError(f"{path} is a folder, not a TOML file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        hint = 'a line is name = value, and a text stands in quotes: target = "column"'
        raise UsageError(f"{path} is no TOML: {error}", hint=hint) from None
    return found


def _checked(name: str, value: Any, where: str) -> Any:
    """A value of the right type, or UsageError."""
    if name not in NAMES:
        near = get_close_matches(name.replace("-", "_"), NAMES, 1) or (["lr"] if "rate" in name else [])
        raise UsageError(
            f"{where or 'the command'} has no setting {name!r}",
            hint=f"did you mean {near[0]!r}?" if near else f"settings are {', '.join(NAMES)}",
        )
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    wanted, fits = {
        **dict.fromkeys(_TEXTS, ("a text in quotes", isinstance(value, str))),
        **dict.fromkeys(_WHOLE, ("a whole number", is_whole)),
        **dict.fromkeys((*_NUMBERS, *_SHARES), ("a number", is_number)),
        "lr": ('a number or "auto"', is_number or value == "auto"),
        "hidden": ("a list of whole numbers: [64, 32]", _are_sizes(value)),
        "kind": ('a table of columns and kinds: [kind] zip = "category"', isinstance(value, Mapping)),
    }[name]
    if not fits:
        raise UsageError(f"{_place(where)}{name} is {wanted}, found {value!r}")
    if name == "hidden":
        return tuple(value)
    if name == "kind":
        return {normal(column): _kind(column, kind, where) for column, kind in value.items()}
    return float(value) if name in (*_NUMBERS, *_SHARES) or (name == "lr" and is_number) else value


def _place(where: str) -> str:
    return f"{where}: " if where else ""


def _are_sizes(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(size, int) and size is not True for size in value)


def _kind(column: str, kind: Any, where: str) -> str:
    found = "left out" if kind in _DROPPED else kind
    if found not in _KINDS:
        raise UsageError(
            f"{_place(where)}{column!r} cannot be of the kind {kind!r}", hint="number, category, date or drop"
        )
    return str(found)


def _toml(value: Any) -> str:
    """A value in TOML (1.0.0): texts as basic strings, whose escapes are those of JSON."""
    if isinstance(value, str):
        return re.sub("\x7f", "\\\\u007f", json.dumps(value, ensure_ascii=False))
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return repr(value)


def _word(value: Any) -> str:
    return (
        ",".join(map(str, value)) if isinstance(value, list) else f"{value:g}" if type(value) is float else str(value)
    )
