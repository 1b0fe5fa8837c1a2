"""Page plumbing: frame, panels, drafts, saved views, search."""
