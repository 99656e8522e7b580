"""What HIPS autograd has under scipy.misc: logsumexp, which SciPy has moved to scipy.special."""

from glassgrad.scipy.special import logsumexp

__all__ = ["logsumexp"]
