"""The extractor's FastAPI app."""

from fastapi import FastAPI

from common.web import create_service_app
from extractor.routes import router
from extractor.settings import Settings
from extractor.wiring import SERVICE, wire


def create_app(settings: Settings) -> FastAPI:
    """The app; it connects and consumes for as long as its lifespan runs."""
    return create_service_app(SERVICE, lambda: wire(settings), router)
