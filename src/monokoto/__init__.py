"""Monokoto turns a physical product into a service business.

The map is in ARCHITECTURE.md; every area below is a package of slices, one noun each.
"""

__version__ = "0.1.0"
