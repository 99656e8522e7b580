"""What commands and reports show in a terminal: tables that fit, curves in text, colours where there are any."""
