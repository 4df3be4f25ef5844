"""Figures for lessons and slides: one per function; they take arrays, draw, and return the Axes or Figure.

- `style`: palette, color maps, sizes, labeled axes: every figure function starts from here
- `datasets`: tensile curves, spectra, image grids

Other modules hold one topic each. Importing this package imports matplotlib and changes none of its settings.
"""

from mfml.plots import style

__all__ = ["style"]
