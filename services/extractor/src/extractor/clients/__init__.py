"""The outside world of the extractor: providers and the archive."""
