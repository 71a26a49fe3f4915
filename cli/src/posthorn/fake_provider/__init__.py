"""A provider of postings in every source's wire format, for tests, demos and load: it goes wrong on demand."""
