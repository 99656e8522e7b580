"""scipy.special: its ufuncs dispatch by themselves; the functions that do not are declared in `tracing/dispatch`."""

from glassgrad.scipy.lookup import names_of

__getattr__, __dir__ = names_of("scipy.special")
