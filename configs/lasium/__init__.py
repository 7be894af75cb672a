"""LASIUM: one module a benchmark."""
