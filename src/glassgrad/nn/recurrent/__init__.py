"""Recurrent networks: cells, which take a step, and layers, which take a sequence of steps by `scan`."""
