"""Sky: any galaxy by its name or position."""
