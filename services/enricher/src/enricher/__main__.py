"""Runs the enricher: `python -m enricher`."""

from common.web import run_service
from enricher.app import create_app
from enricher.handlers import reader
from enricher.settings import Settings
from enricher.wiring import SERVICE

if __name__ == "__main__":
    run_service(SERVICE, Settings(), create_app, reader)
