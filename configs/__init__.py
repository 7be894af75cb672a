"""Configs: one module per benchmark."""
