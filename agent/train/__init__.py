"""Training: demonstrations of an honest player, the policy that learns from them, the burst adapter."""
