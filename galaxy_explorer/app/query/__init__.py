"""Galaxies that match a query: filters and order, their controls and chips, the gallery. Browse and Map share it."""
