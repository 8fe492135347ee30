"""Draw the pictures of docs/ as SVG, from text and from the schema."""
