"""What a change is: validated values, and the words by which they travel."""
