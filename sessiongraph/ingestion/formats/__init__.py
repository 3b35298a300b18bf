"""Readers of file formats: from an open binary file to a str.

Layout that carries meaning (paragraphs, rows, records, field names) is kept as lines; everything else goes.
What does not belong here: choosing the format, cleaning characters, naming the file in an error: parsing.py.
"""
