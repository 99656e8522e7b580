"""Floor 6: what checks a derivative against numbers; for our own tests and for people's."""
