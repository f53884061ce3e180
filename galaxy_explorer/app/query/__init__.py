"""Galaxies that match a query: filters, order, controls, chips, gallery; for Browse and Map."""
