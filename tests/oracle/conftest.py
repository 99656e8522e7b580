"""The peers compute in 64 bits on the CPU, so that their numbers can be compared digit by digit."""

import os

# Read when JAX is imported, which the tests do later.
os.environ |= {"JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu"}
