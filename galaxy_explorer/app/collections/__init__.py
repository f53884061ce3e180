"""Collections: galaxies that a visitor marked, as galleries, mean answers, files and links."""
