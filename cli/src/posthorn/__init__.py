"""The posthorn command: all-in-one launcher and REST client."""
