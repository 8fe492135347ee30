"""The local stack: all that the service needs, on one machine. Never deployed, never imported by it."""
