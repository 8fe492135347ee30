"""Pure rules of sign-in, sessions and consent: no clock, no randomness, no I/O."""
