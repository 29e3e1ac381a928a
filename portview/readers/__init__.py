"""Read this machine: one protocol per question, one file per way of answering."""
