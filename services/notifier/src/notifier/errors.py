"""What can go wrong in the notifier."""


class AddressDeniedError(Exception):
    """The host of an endpoint has no address that webhooks may go to."""
