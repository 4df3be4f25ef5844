"""Unit 11: generative models."""
