"""Natural ways to write each known mistake, one module for each sheet: see `tests/test_spellings.py`."""
