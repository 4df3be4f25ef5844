"""Answer keys: the specification of an exercise, and what sealing makes of it.

Sealing computes a key once and leaves the code behind. It keeps nothing secret: a key is plain data, hidden checks
included, and its digest finds damage only.
"""
