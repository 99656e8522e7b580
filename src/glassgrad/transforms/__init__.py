"""Floor 3: graph -> graph: forward and reverse mode, batching, simplification, checkpointing."""
