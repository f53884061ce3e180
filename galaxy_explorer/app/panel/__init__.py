"""The galaxy panel: picture, saliency map, flow-chart and score table of one galaxy."""
