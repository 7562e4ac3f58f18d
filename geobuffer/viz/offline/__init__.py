"""Make any folium map open offline."""
