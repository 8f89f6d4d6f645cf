import os

for word in commandLineParams(): echo "<", word, ">"
