"""Where things live on disk, and ``invokeai.yaml``: read, checked, explained and written."""
