"""The bundled sample: invented employers, two boards with the troubles of real ones, and postings in any number."""
