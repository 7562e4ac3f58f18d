"""The bundled data, the regions of the world, scenario files and downloads."""
