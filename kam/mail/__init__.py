"""Mail: kept outbox, digests."""
