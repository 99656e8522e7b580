"""Floor 2: the op table: one row an op, one file a family."""
