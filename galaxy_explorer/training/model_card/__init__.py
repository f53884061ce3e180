"""Model card of a trained network: evaluation, calibration, OOD reference, page of cards."""
