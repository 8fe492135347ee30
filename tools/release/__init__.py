"""Release a stage: all of it or none of it, from any machine, one at a time (docs/releases.md)."""
