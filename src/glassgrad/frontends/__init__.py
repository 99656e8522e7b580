"""Floor 5: foreign programs -> Graph: formulas, and later PyTorch, JAX and ONNX."""
