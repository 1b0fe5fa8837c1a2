"""Which accounts, and which people of an account, may be one and the same, and why."""
