"""Runs the ranker: `python -m ranker`."""

from common.settings.rule_files import RuleFiles
from common.web import run_service
from ranker.app import create_app
from ranker.handlers.postings import judges_tried_by
from ranker.settings import Settings
from ranker.wiring import SERVICE

if __name__ == "__main__":
    run_service(SERVICE, Settings(), create_app, lambda: judges_tried_by(RuleFiles()))
