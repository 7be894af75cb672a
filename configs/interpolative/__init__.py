"""Interpolative autoencoders: one module a pair of data sets."""
