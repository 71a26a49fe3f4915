"""The extractor's rules: where a page is kept, what its envelope holds, how its items are cut into messages."""
