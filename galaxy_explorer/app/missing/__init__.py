"""Missing: the page of a path that no page has."""
