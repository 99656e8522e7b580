"""Drawing: a layered layout and an SVG writer for any directed graph with blocks. Knows nothing of our graphs.

Own layout, since no library fits: grandalf and netgraph are GPL and recurse, igraph is GPL, fast-sugiyama knows no
box sizes, graphlay (six weeks old) needs more than ten minutes for 5,000 boxes; none has nested frames.
"""

from glassgrad.explain.drawing.draw import render
from glassgrad.explain.drawing.picture import Arrow, Box, Line, Picture

__all__ = ["Arrow", "Box", "Line", "Picture", "render"]
