"""Programs that a developer runs: the environment, and the pages that are made from code."""
