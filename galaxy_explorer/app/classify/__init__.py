"""Classes of a visitor's own: find more galaxies like some."""
