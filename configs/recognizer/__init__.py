"""Classifiers of all training characters: one module a benchmark."""
