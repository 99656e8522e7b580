"""What `glassgrad demo` shows: the three texts that Glassgrad comes from, one file each, and the tour through them."""
