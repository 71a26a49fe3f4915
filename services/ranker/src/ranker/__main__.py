"""Runs the ranker: `python -m ranker`."""

from common.web import run_service
from ranker.app import create_app
from ranker.settings import Settings
from ranker.wiring import SERVICE

if __name__ == "__main__":
    run_service(SERVICE, Settings(), create_app)
