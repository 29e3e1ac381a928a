"""Why a port can't be used, and why nobody reaches it: facts, causes, and one answer."""
