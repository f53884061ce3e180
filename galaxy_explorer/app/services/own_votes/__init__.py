"""Votes of the visitor, which the browser keeps, and logs of other people that were opened."""
