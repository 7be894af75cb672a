"""Entry points, and what turns their configs into functions."""
