"""Browse: the gallery of a catalogue with its filters and sort orders."""
