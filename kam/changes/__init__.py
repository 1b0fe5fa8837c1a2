"""The change log: history, audit trail, feed and outbox in one table (`design.md` 4.2)."""
