"""What can go wrong in the extractor."""


class DamagedPageError(Exception):
    """An archived page is not what was archived."""
