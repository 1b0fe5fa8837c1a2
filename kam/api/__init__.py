"""REST plumbing: errors, pagination, ETag, tokens, schema."""
