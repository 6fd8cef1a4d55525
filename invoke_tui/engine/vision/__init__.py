"""Networks that look at pictures: what preprocessors and infill are made of."""
