"""Runs as TensorBoard event files, one folder each, through tensorboardX. Floor 7.

Statistics of layers are `kind/path`, for instance `gradient_norm/layers.0.weight`. TensorBoard's scalars are float32.
The configuration is a text beside them.
"""

import json
import logging
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from glassgrad.train.exporters.as_csv import all_series
from glassgrad.train.exporters.contents import RunContents
from glassgrad.train.exporters.extras import needed


def write_tensorboard(runs: Iterable[RunContents], target: Path) -> None:
    """Writes a folder with a folder for each run."""
    with needed("tensorboardX", extra="tensorboard", what="TensorBoard"):
        from tensorboardX import SummaryWriter  # optional

    logging.getLogger("tensorboardX.x2num").setLevel(logging.ERROR)  # it warns of each NaN, one by one
    target.mkdir()
    for run in runs:
        name = re.sub(r"[^\w.-]+", "_", run.name)
        folder = target / f"{name}-{run.id}"
        with SummaryWriter(str(folder), max_queue=1000) as writer:
            text = json.dumps(run.facts.configuration, ensure_ascii=False, indent=4)
            writer.add_text("configuration", "    " + text.replace("\n", "\n    "), 0, walltime=run.begun)
            for kind, name, (steps, values) in all_series(run):
                tag = _tag(f"{kind}/{name}" if kind else name)
                times = np.linspace(run.begun, run.ended or run.begun, len(steps))  # the store has none of single steps
                for step, value, moment in zip(steps.tolist(), values.tolist(), times.tolist(), strict=True):
                    writer.add_scalar(tag, value, step, walltime=moment)


def _tag(name: str) -> str:
    """TensorBoard takes letters, digits and - / _ . in names."""
    return re.sub(r"[^-/\w.]", "_", name.replace("[", ".").replace("]", ""), flags=re.ASCII)
