"""The version of the package, and nothing else: any module may import it."""

__version__ = "0.2.0"
