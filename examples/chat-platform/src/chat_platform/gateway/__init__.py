"""The one door: requests in, events out."""
