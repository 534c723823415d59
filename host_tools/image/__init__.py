"""What goes onto a unit's flash: compiled firmware, manifest, file-system image, base image."""
