"""Runs the extractor: `python -m extractor`."""

from common.web import run_service
from extractor.app import create_app
from extractor.settings import Settings
from extractor.wiring import SERVICE

if __name__ == "__main__":
    run_service(SERVICE, Settings(), create_app)
