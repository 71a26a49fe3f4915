"""Runs the normalizer: `python -m normalizer`."""

from common.settings.rule_files import RuleFiles
from common.web import run_service
from normalizer.app import create_app
from normalizer.handlers.postings import rules_tried_by
from normalizer.settings import Settings
from normalizer.wiring import SERVICE

if __name__ == "__main__":
    run_service(SERVICE, Settings(), create_app, lambda: rules_tried_by(RuleFiles()))
