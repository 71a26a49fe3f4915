"""Turns a run request into archived pages of raw postings."""
