"""Vote: the visitor's own answers to the questions of Galaxy Zoo 2."""
