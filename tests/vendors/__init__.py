"""Stand-ins for vendors: small, strict state machines behind a real HTTP server on this machine."""
