"""What people and machines see of the inside: logs and metrics. Leaves: they receive values."""
