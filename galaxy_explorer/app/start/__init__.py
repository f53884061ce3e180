"""Start: a galaxy to classify, next to volunteers and network, and the ways to more."""
