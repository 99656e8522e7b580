"""A job: from a table in a file to a folder with a trained network, its measurements and its report. Floor 7."""

from glassgrad.train.job.exporting import FORMS, export_network
from glassgrad.train.job.folder import Folder, default_folder, load_network
from glassgrad.train.job.learning import Learnt, Material, learn, material
from glassgrad.train.job.predicting import compared, predictions, write_parquet
from glassgrad.train.job.settings import Settings, read_settings
from glassgrad.train.job.writing import write_results

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
