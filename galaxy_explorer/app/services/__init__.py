"""What all visitors share: catalogues, models, prediction jobs, thumbnails, caches."""
