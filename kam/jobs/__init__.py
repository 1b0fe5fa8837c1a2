"""Background work: queue, lease, retry, progress, schedule."""
