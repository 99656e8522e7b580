"""The doctor inside other people's loops: callbacks for Lightning, Keras 3 on PyTorch, and Hugging Face's Trainer.

Each function imports its framework when it is called. Floor 7.
"""

from glassgrad.doctor.callbacks.keras import keras
from glassgrad.doctor.callbacks.lightning import lightning
from glassgrad.doctor.callbacks.transformers import transformers

__all__ = ["keras", "lightning", "transformers"]
