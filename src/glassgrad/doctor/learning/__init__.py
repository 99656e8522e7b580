"""Does it learn? Judged from losses beside what a constant prediction reaches, before any gradient is judged."""
