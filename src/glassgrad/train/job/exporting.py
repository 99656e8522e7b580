"""A trained network as files that need no Glassgrad, with the inputs that it expects written beside it. Floor 7."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from glassgrad.base.errors import UsageError
from glassgrad.train.export import to_numpy, to_onnx, to_torch
from glassgrad.train.tabular.network import Network

FORMS: dict[str, tuple[str, Callable[..., Any]]] = {
    "numpy": ("network.py", to_numpy),
    "onnx": ("network.onnx", to_onnx),
    "torch": ("network_torch.py", to_torch),
}


def export_network(network: Network, form: str, path: Path) -> list[Path]:
    """Writes the network to `path`, its weights and its inputs beside it; gives the files that were written.

    The preparation of the table – scaling, levels, dates – is not part of it: NAME.inputs.json says, in their order,
    what to feed, and what the outputs mean.
    """
    if form not in FORMS:
        raise UsageError(f"there is no form {form!r} to export to", hint=", ".join(FORMS))
    inputs = network.preparation.feature_names
    facts = path.with_suffix(".inputs.json")
    before = _beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        FORMS[form][1](network.model, (None, len(inputs)), path)
        weights = [place for place, when in _beside(path).items() if before.get(place) != when and place != path]
        facts.write_text(json.dumps(_facts(network), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror or error}", hint="--out a file elsewhere"
        ) from None
    return [path, *weights, facts]


def _beside(path: Path) -> dict[Path, int]:
    """The files of the same name with other endings, and when they were written."""
    return {place: place.stat().st_mtime_ns for place in sorted(path.parent.glob(f"{path.stem}.*")) if place.is_file()}


def _facts(network: Network) -> dict[str, Any]:
    """What to feed, and what comes out."""
    preparation = network.preparation
    plan = preparation.plan
    is_number = plan.task == "regression"
    outputs = (
        {"meaning": f"{plan.target.name} = output * deviation + mean", "mean": preparation.mean,
         "deviation": preparation.deviation}
        if is_number
        else {"meaning": "a score for each class; softmax of them gives probabilities", "classes": list(plan.classes)}
    )  # fmt: skip
    return {
        "inputs": list(preparation.feature_names),
        "dtype": "float32",
        "prepared_by": "glassgrad.train.tabular.Preparation.load('DIR/preparation').inputs(table)",
        "columns": {column.name: column.kind for column in plan.used},
        "outputs": outputs,
    }
