"""How ops that carry graphs are differentiated and batched: by transforming their graphs. Floor 3.

Importing this package binds the rules.
"""

from glassgrad.transforms.control import batching, branch, call, scan, while_loop
from glassgrad.transforms.control.settle import forget, settle

__all__ = ["batching", "branch", "call", "forget", "scan", "settle", "while_loop"]
