"""Settings of a picture back into the form: all at once, or those that a person chooses."""
