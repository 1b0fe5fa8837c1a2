"""What is due, as a calendar that other programs subscribe to (RFC 5545)."""
