"""Starting, testing and checking a checkout with nothing but Python's standard library.

Each module is a command of the Makefile or a part of one. They run before anything is installed.
"""
