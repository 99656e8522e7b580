"""Random numbers from a key: the same key gives the same numbers, whatever else runs. Floor 2.

Bits come from Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011):
element i of an array is a function of the key and of i alone, so a batch of keys gives what single keys give.
"""
