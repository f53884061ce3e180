"""Checks and decoders of single file formats, where Pillow alone does not do."""
