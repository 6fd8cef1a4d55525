"""Looking closely at pictures: zoom, compare, measure."""
