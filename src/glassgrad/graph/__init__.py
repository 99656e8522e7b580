"""Floor 1: the graph as data: nodes, ops (rows of the table), graphs, notes, the law book, the printer."""
