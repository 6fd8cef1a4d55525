"""The API's addresses, one file per subject. Answers are the domain's records."""
