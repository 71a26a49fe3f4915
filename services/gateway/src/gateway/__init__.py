"""Lets people in; knows campaigns, runs and what the pipeline found."""
