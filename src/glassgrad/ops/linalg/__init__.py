"""Linear algebra on the last two axes; leading axes are many problems at once. Floor 2.

Sources of the formulas: M. Giles, "An extended collection of matrix derivative results for forward and reverse mode
algorithmic differentiation" (2008); N. Higham, "Functions of Matrices" (2008).
"""
