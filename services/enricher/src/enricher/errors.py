"""Errors of the enricher."""


class InvalidRulesError(ValueError):
    """A rules file that cannot be used as it is; the message names the file and the place in it."""
