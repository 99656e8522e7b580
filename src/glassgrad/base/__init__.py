"""Floor 0: what everything stands on: errors, abstract values, trees, places in the user's source, settings."""
