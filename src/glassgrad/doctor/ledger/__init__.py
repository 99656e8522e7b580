"""The ledger: the gains of the links in logarithms, from the loss to each weight, and who took how much."""
