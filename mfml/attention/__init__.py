"""Unit 10: attention and transformers."""
