"""The outside world of the notifier: the endpoints of others."""
