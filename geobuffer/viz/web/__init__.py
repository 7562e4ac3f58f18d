"""The interactive map page."""
