"""Floor 5: what people call: derivatives, compilation, the array namespace."""
