"""Scores every job for every campaign and explains the score."""
