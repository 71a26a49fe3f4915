"""Capabilities shared by the Posthorn services, free of business rules."""
