"""A release against scripted parts; `make rehearse` does the same on real ones."""
