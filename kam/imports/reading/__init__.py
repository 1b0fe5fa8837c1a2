"""Reading files: what they are, what they hold, and their rows one by one in little memory."""

from kam.imports.reading.errors import UnreadableFile
from kam.imports.reading.findings import Finding, Findings
from kam.imports.reading.inspect import inspect, open_rows, unnamed

__all__ = ["Finding", "Findings", "UnreadableFile", "inspect", "open_rows", "unnamed"]
