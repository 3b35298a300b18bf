"""`python -m sessiongraph.cli`: the command line, for who starts it without knowing where its script lies."""

from sessiongraph.cli import main

main()
