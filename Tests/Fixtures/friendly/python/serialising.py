import base64
import bz2
import csv
import gzip
import hashlib
import hmac
import io
import json
import lzma
import pickle
import struct
import xml.etree.ElementTree as tree
import zlib


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y


point = pickle.loads(pickle.dumps(Point(1, 2)))
print(type(point) is Point, point.x, point.y)
print(json.dumps({"é": [1, 2.5, None, True]}, ensure_ascii=False), json.loads("[1e3]"))
text = b"squeeze me " * 1000
for module in (zlib, lzma, bz2, gzip):
    print(module.__name__, len(module.compress(text)) < 500, module.decompress(module.compress(text)) == text)
for name in ("md5", "sha1", "sha256", "blake2b"):
    print(name, hashlib.new(name, b"diatom").hexdigest()[:16])
print(hmac.new(b"key", b"diatom", "sha256").hexdigest()[:16], hashlib.pbkdf2_hmac("sha256", b"a", b"b", 10).hex()[:16])
print(base64.b64encode(struct.pack(">IhQ", 1, -2, 3)).decode(), zlib.crc32(b"diatom"))
print(list(csv.reader(io.StringIO('a,"b,c"\n'))), tree.fromstring("<a><b n='1'/></a>")[0].attrib)
