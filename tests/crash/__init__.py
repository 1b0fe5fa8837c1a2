"""Web and worker processes that are killed at random moments (`design.md` 9)."""
