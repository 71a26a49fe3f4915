"""Runs the command: `python -m posthorn`."""

from posthorn.main import app

if __name__ == "__main__":
    app()
