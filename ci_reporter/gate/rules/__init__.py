"""The rules file of a gate: its grammar, its plan, its warnings."""
