"""What the documentation's site shows of the code, made from it whenever the site is built."""
