"""What a customer is worth to us, and how it ranks us: criteria, indexes, matrix (handbook 3)."""
