"""What is not computed in loops: loops with bodies, functions of the host. Floor 4."""
