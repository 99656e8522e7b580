"""The ufuncs of scipy.special, one file a family. Floor 2. SciPy is imported only when one of them is used."""
