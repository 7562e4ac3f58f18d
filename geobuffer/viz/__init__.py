"""Draw zones: the web page, the printed figure, and maps that open offline."""
