"""The bench's figures mean what they say: by counters, not by times."""
