"""The gateway's SQL: campaigns, runs and their ledger, jobs and rankings."""
