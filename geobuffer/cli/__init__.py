"""The command line: options, questions to the library, printed answers."""
