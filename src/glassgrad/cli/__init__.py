"""Floor 8: the command line. It shows what the floors below return and computes nothing itself."""
