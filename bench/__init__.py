"""The benchmark: what pages and calls cost on a load-test programme (`design.md` 8)."""
