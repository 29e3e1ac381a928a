"""What may be stopped: facts about processes, and the refusals."""
