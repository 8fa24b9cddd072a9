"""What the documentation's site shows of the code: commands, schemas and diagrams, made from it whenever it is built."""
