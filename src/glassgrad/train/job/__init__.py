"""A job: from a table in a file to a folder with a trained network, its measurements and its report. Floor 7.

Names are loaded when they are first used: a prediction needs no report, and a training no exporter.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glassgrad.train.job.exporting import FORMS, export_network
    from glassgrad.train.job.folder import Folder, default_folder, load_network
    from glassgrad.train.job.learning import Learnt, Material, learn, material
    from glassgrad.train.job.predicting import compared, predictions, write_parquet
    from glassgrad.train.job.settings import Settings, read_settings
    from glassgrad.train.job.writing import write_results

_WHERE = {  # the imports above; tests/train/test_names.py holds them together
    "FORMS": "exporting",
    "Folder": "folder",
    "Learnt": "learning",
    "Material": "learning",
    "Settings": "settings",
    "compared": "predicting",
    "default_folder": "folder",
    "export_network": "exporting",
    "learn": "learning",
    "load_network": "folder",
    "material": "learning",
    "predictions": "predicting",
    "read_settings": "settings",
    "write_parquet": "predicting",
    "write_results": "writing",
}

__all__ = [
    "FORMS",
    "Folder",
    "Learnt",
    "Material",
    "Settings",
    "compared",
    "default_folder",
    "export_network",
    "learn",
    "load_network",
    "material",
    "predictions",
    "read_settings",
    "write_parquet",
    "write_results",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'glassgrad.train.job' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"glassgrad.train.job.{_WHERE[name]}"), name)
    globals()[name] = value
    return value
