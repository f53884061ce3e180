"""Your votes: where they agree with the volunteers, as files, and those of other people."""
