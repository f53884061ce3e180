"""Workbench: change a galaxy, simulated or real, and watch which answers follow."""
