"""Readers: one module a format, from the bytes of a file to the blocks of its document.

`files` knows which of them a file needs, and imports no other.
"""
