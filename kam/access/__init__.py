"""Who may see which account: the mechanics that every app shares (`design.md` 4.1)."""
