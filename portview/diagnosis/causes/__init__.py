"""The causes, one family of them in each module: pure functions from facts to a finding."""
