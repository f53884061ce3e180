"""Classes that vote: their store, and which of them a visitor may see."""
