"""Files in: detect, map, preview, run, undo."""
