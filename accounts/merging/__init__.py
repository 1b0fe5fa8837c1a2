"""What becomes of everything that hangs on an account, or a person, which another takes up."""
