"""Model card of a trained network: evaluation, calibration, OOD reference, and the page in ``weights/``."""
