"""Reads what a posting says: skills, seniority, remote type, pay, place."""
