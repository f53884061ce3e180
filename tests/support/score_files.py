"""Tables of scores on disk."""


def write_scores(folder, *rows, header="GalaxyID,Class1.1,Class1.2,Class1.3"):
    """Write a scores.csv of some columns."""
    (folder / "scores.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
