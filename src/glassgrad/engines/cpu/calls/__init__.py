"""What is not computed in loops: BLAS, loops with bodies, functions of the host. Floor 4."""
