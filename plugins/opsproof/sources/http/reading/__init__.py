"""What answers of URLs mean: their status, their page, their health document."""
