"""Numerics that several units need: exact distances, long sums, ratios of gamma functions, scale-free squares."""
