"""Why: causes told apart by evidence – what the set-up is, what was measured, and one-step counterfactuals."""
