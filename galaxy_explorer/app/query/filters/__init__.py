"""Filters of Browse other than those on answers: what they keep, in words and in the URL."""
