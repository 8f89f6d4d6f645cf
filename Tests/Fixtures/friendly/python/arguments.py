import argparse
import os
import sys

print(os.path.basename(sys.argv[0]), sys.argv[1:])
parser = argparse.ArgumentParser()
parser.add_argument("--count", type=int)
parser.add_argument("rest", nargs="*")
print(parser.parse_args())
