"""The servers that Handrail knows how to run, one module each."""
