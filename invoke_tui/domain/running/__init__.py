"""What runs: the queue, workers, devices and the machine."""
