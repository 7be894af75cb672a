"""What generators make of one drawing: one module a benchmark."""
