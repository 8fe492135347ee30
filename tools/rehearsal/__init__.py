"""Rehearse releases on this machine: what is real and what isn't, docs/releases.md says."""
