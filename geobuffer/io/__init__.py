"""Read and write files: formats, encodings, coordinate reference systems, atomic writing."""
