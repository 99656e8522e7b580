"""Matrix products of our own: register tiles, panels that fit the caches, pieces for the threads. Floor 4."""
