"""Pages of the reviews: my day, stage reviews, portfolio."""
