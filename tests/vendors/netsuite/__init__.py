"""A stand-in for a NetSuite account."""
