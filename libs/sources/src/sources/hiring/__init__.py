"""Reads the job advertisements that people write by hand under "Ask HN: Who is hiring?"."""
