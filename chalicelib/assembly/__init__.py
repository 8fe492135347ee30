"""The rooms of the composition root: the concrete classes of one noun, put together."""
