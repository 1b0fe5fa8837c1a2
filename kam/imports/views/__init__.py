"""Pages of imports: files, kept mappings, folders from which files come."""
