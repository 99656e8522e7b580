"""Networks as files that need no Glassgrad: NumPy source, PyTorch source, ONNX. Floor 7.

All three are written from the graph of the model's evaluation, so every model that can be traced can be written.
"""

from glassgrad.train.export.numpy_source import to_numpy
from glassgrad.train.export.onnx_file import to_onnx
from glassgrad.train.export.torch_source import to_torch

__all__ = ["to_numpy", "to_onnx", "to_torch"]
