"""Whatever is tested of the doctor: PyTorch is left as it was."""

import sys

import pytest


@pytest.fixture(autouse=True)
def _nothing_is_left_behind():
    torch = sys.modules.get("torch")
    before = torch and (torch.autograd.backward, torch.amp.GradScaler.scale)
    yield
    if torch is not None:
        assert torch.overrides._get_current_function_mode_stack() == []
        assert (torch.autograd.backward, torch.amp.GradScaler.scale) == before
