"""Coverage-guided fuzzing of both decoders: ``make fuzz``."""
