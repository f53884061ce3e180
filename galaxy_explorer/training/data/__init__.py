"""Training data: decoded images, the training set, batches, augmentation, sample weights."""
