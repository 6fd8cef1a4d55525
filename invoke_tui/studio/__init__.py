"""The daemon: owns queue, gallery, models, files and events of one root. It never imports torch."""
