"""Upload: a visitor's own pictures."""
