"""Showing: results, hints and progress for the student."""
