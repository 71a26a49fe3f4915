"""How jobs are scored: pure functions of facts, a campaign, a date and the rules."""
