"""What tests may import of Handrail."""
