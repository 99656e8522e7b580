"""What reports in HTML are made of: the frame of a page, its style sheet, tables, figures, numbers as text."""
