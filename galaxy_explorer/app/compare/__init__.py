"""Compare: predictions against the volunteers' votes."""
