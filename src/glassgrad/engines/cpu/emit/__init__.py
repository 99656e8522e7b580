"""Loop nests as LLVM text: typed values, loops, elementwise ops, vector maths. Floor 4."""
