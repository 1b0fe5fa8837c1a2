"""Browser tests on the demonstration programme."""
