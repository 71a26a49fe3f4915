"""Runs the normalizer: `python -m normalizer`."""

from common.web import run_service
from normalizer.app import create_app
from normalizer.settings import Settings
from normalizer.wiring import SERVICE

if __name__ == "__main__":
    run_service(SERVICE, Settings(), create_app)
