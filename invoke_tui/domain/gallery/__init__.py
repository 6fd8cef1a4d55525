"""Pictures that are kept: their records, boards, queries and metadata, and what is done with them."""
