"""Galaxy: one galaxy of a catalogue in the panel."""
