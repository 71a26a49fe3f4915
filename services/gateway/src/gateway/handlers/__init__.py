"""What comes in without a request: messages, and the hour at which a campaign is due."""
