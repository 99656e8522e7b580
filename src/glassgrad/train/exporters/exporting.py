"""Chooses the exporter, and puts what it writes in place in one move. Floor 7."""

import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import get_args

from glassgrad.base.errors import StoreError, UsageError
from glassgrad.train.exporters.as_csv import write_csv
from glassgrad.train.exporters.as_json import write_json
from glassgrad.train.exporters.contents import Form, RunContents
from glassgrad.train.exporters.to_mlflow import send_to_mlflow
from glassgrad.train.exporters.to_parquet import write_parquet
from glassgrad.train.exporters.to_tensorboard import write_tensorboard

_WRITERS: dict[str, Callable[[Iterable[RunContents], Path], None]] = {
    "json": write_json,
    "csv": write_csv,
    "parquet": write_parquet,
    "tensorboard": write_tensorboard,
}


def export(runs: Iterable[RunContents], form: Form, target: str | Path) -> None:
    """Writes runs to a target: a file, a folder ("tensorboard"), or an MLflow store ("mlflow")."""
    if form == "mlflow":
        send_to_mlflow(runs, str(target))
    elif form in _WRITERS:
        _placed(Path(target), lambda place: _WRITERS[form](runs, place), folder=form == "tensorboard")
    else:
        raise UsageError(f"there is no export to {form!r}", hint=f"there are {', '.join(get_args(Form))}")


def _placed(target: Path, write: Callable[[Path], None], *, folder: bool) -> None:
    """Lets `write` write beside the target, then renames; on failure nothing is left."""
    if folder and target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise StoreError(f"{target} exists already", hint="name a new folder: what is in this one is not overwritten")
    if not folder and target.is_dir():
        raise StoreError(f"{target} is a folder", hint="name a file")
    scratch: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
        write(scratch / target.name)
        if folder and target.exists():
            target.rmdir()  # empty
        (scratch / target.name).replace(target)
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"{target} cannot be written: {error.strerror or error}") from None
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
