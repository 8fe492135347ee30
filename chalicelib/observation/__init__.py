"""What operators see of a running service: its log lines, and in them its metrics. Any layer may tell."""
