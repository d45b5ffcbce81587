"""What a project has, what Handrail proposes for it, and proofs that nothing else changes."""
