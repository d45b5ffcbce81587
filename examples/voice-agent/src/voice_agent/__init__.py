"""A speech pipeline without a model: words are pairs of tones, made and recognised by arithmetic."""
