"""Pages of a class that votes: the teacher's, the pupils', the board and the worksheet."""
