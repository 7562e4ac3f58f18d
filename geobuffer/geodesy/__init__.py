"""Distances, buffers and sides on the ellipsoid: arrays, shapely geometries, degrees and metres."""
