"""Tables larger than memory: a file in, the same rows with what a zone says of them out.

Rows are read, asked and written a batch at a time, in their order; while one batch is asked, the
one before is written. What the file holds besides coordinates is carried through as it is.
"""

from geobuffer.bulk.files import check_bulk_target, classify_file

__all__ = ["check_bulk_target", "classify_file"]
