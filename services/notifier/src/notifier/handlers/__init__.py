"""Where work comes in: completed runs from the broker, due deliveries from our own table."""

from notifier.handlers.deliveries import DeliveryWorker
from notifier.handlers.runs import AnnounceRun

__all__ = ["AnnounceRun", "DeliveryWorker"]
