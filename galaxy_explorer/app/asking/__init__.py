"""A question about a galaxy with drawn answers, as Start and Vote ask it."""
