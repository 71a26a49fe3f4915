"""Companies as providers know them: their names, their sizes, and where to ask."""
