"""Speed and memory, measured beside a reference in another framework."""
