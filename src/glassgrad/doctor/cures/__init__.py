"""Cures: edits re-run on copies, over several seeds, ranked by what they did."""
