"""An edit as code in the words of the framework that the person uses. Floor 7."""

from glassgrad.doctor.measured.setup import Setup
from glassgrad.doctor.subjects.edits import Edit
from glassgrad.doctor.subjects.own import code as own
from glassgrad.doctor.subjects.torch import code as torch


def code_of(edit: Edit, setup: Setup) -> str:
    """The edit as the person would write it in their own program."""
    write = torch.code_of if setup.framework == "torch" else own.code_of
    return write(edit, setup)
