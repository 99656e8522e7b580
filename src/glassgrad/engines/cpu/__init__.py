"""The CPU engine: a graph becomes one native function. Floor 4.

    Graph ── lower ──> Graph of primitive ops ── plan ──> loop nests and calls ── emit ──> LLVM text ── native ──> code

`plan` decides what is computed in which loop and what is kept where; `emit` writes the loops as LLVM instructions;
`native` turns the text into machine code and runs it: compiler, disk cache, the door from Python, threads.
"""
