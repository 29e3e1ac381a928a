"""Reading what programs are recognised from: folders, project files, groups, parents."""
