"""Files out: any list as a file, made in the background, kept for a week."""
