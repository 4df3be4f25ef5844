"""Answer keys: the specification of an exercise, and what sealing makes of it."""
