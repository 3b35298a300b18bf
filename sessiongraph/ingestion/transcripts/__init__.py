"""Transcripts: texts of what several people said, read as utterances with speakers and times, and written as one text.

Every shape is recognised here and written alike (`utterances.py`), so that nothing after it needs to know where a
transcript came from. What does not belong here: whole formats such as .docx (formats/), which give a text to recognise.

Invariant: recognition is sure or none. Whatever may be prose, a list, code or a log stays what it is.
"""
