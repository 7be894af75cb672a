"""Classifiers that learn from a few images of each class."""
