"""Completion of the command line, as a script for each shell, made from the parsers themselves.

argcomplete starts Python at every TAB and knows no PowerShell; shtab knows neither fish nor
PowerShell. What is offered here is text that a shell holds ready.
"""
