"""What a fresh machine goes through, from an empty folder on; takes minutes, and a package index."""
