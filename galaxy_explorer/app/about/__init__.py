"""About: the decision tree, the networks and the data."""
