"""What a posting is, when two are the same, and which of them are fit to keep; pure functions."""
