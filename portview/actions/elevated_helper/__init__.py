"""The side with administrator rights: reads a request, executes it, responds."""
