"""How good a policy is: its episodes, and what they say of all that it might have."""
