"""Map: all galaxies of a catalogue, placed by how they look to a network."""
