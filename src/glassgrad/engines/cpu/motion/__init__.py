"""Work moved out of loops: what every step would do alike, before the loop; what no step needs, after it. Floor 4."""
