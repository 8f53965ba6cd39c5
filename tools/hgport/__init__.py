"""Carry a series of patches across every release of Mercurial that needs it, with proof."""

__version__ = "0.1.0"
