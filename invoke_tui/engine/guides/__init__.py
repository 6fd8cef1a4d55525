"""What steers a run of the denoise loop beside its prompts. One file a kind; the loop knows only ``base.Guide``."""
