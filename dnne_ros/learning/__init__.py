"""What reinforcement and supervised learning share."""
