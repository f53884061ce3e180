"""Knowledge distillation: teachers, pseudo-labels, and the guard against leakage."""
