"""Tells the outside world, once."""
