"""What is measured and soaked: each module is a script of its own, and takes the data it needs as an argument.

A package, and not just a folder: a dependency installs a package of the same name, which would be found first.
"""
