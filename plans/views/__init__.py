"""Pages of plans and actions."""
