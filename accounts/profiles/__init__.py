"""Profiles of accounts: what we know of each, and how it matches what a brand looks for (K092)."""
