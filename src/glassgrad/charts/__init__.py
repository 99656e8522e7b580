"""Charts as SVG text of our own: they need no package, no script and no network, and follow the page's colours."""
