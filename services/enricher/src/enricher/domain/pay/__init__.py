"""Pay: a small grammar that reads it from text, and its conversion to yearly and reference amounts."""
