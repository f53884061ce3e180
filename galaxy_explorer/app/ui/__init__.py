"""Widgets, texts, URL parameters and style sheets that several pages share."""
