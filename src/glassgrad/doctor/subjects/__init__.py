"""The training set-ups that are examined: one way to read, run and edit them, for our models and for PyTorch's."""
