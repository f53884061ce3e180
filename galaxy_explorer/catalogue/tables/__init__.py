"""Tables of a catalogue on disk: scores and lists of ids, as spreadsheets save them."""
