"""Telling other systems what happened, as the Standard Webhooks specification says."""
