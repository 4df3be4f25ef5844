"""Judging: from an answer key and the outcomes of a submission to its result."""
