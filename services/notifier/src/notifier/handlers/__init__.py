"""Where work comes in: completed runs and missed deadlines from the broker, due deliveries from our own table."""

from notifier.handlers.alarms import AnnounceSlaMissed
from notifier.handlers.deliveries import DeliveryWorker
from notifier.handlers.runs import AnnounceRun

__all__ = ["AnnounceRun", "AnnounceSlaMissed", "DeliveryWorker"]
