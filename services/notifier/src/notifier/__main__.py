"""Runs the notifier: `python -m notifier`."""

from common.web import run_service
from notifier.app import create_app
from notifier.settings import Settings
from notifier.wiring import SERVICE

if __name__ == "__main__":
    run_service(SERVICE, Settings(), create_app)
