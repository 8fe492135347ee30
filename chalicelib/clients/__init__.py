"""Everything that calls outside: Google, KMS, the key vault, the clock."""
