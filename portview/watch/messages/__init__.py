"""What is said when a watch fires, and how it reaches its channels."""
