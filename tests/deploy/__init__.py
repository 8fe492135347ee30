"""What is deployed, as Lambda runs it: the real zip under AWS's own runtime, beside a server like RDS."""
