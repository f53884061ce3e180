"""The model card: settings, data, metrics, intervals, out-of-distribution reference."""
