"""What is measured of a training: plain numbers and names, whatever framework they came from."""
