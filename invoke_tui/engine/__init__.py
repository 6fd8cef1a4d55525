"""How pixels are made: devices, models, conditioning, the denoise loop. The only room that imports torch."""
