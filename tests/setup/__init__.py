"""How an environment comes to be, stays, and goes."""
