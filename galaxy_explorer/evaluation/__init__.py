"""Metrics, prediction intervals and the out-of-distribution score."""
