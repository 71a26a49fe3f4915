"""Scores every reader on labelled postings: `make quality`."""
