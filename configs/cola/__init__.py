"""Images of very small samples, and classifiers that learn of them."""
