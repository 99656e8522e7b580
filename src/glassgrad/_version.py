"""The version: one place, read by the build and by `glassgrad --version`."""

__version__ = "0.1.0"
