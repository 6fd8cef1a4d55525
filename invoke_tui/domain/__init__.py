"""Plain data that every room speaks: parameters, graphs, records, events, metadata. No I/O, no torch."""
