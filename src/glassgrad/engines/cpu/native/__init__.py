"""From LLVM text to code that runs: the compiler, its disk cache, the door from Python, threads. Floor 4."""
