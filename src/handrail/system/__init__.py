"""What the operating system tells about processes, and does to them; no decisions."""
