"""From evaluations to incidents: when something fires, recovers, is unknown or flaps. No I/O."""
