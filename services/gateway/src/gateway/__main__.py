"""Runs the gateway: `python -m gateway`."""

from common.web import run_service
from gateway.app import create_app
from gateway.settings import Settings
from gateway.wiring import SERVICE

if __name__ == "__main__":
    run_service(SERVICE, Settings(), create_app)
