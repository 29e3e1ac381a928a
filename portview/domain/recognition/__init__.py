"""Recognising what a program is to the person who started it. Pure: facts in, a description out."""
