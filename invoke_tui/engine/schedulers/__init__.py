"""Schedulers by InvokeAI's ids, the part of their timesteps a job runs, and how they are stepped."""
