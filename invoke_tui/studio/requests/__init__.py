"""From what a person asks for to what is enqueued: every choice made, and what cannot be told before anything runs."""
