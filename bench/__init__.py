"""Measure the real handler on real parts, and set each figure beside the least that its work can cost."""
