"""Collections: galaxies that a visitor marked, kept in the visitor's browser."""
