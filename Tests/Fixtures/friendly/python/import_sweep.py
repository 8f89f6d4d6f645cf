import importlib

NAMES = """abc argparse array ast asyncio atexit base64 bisect bz2 calendar cmath cmd code codecs collections colorsys
concurrent.futures configparser contextlib contextvars copy csv ctypes dataclasses datetime dbm decimal difflib dis
email.message enum errno fcntl filecmp fileinput fnmatch fractions ftplib functools gc getopt getpass gettext glob graphlib
grp gzip hashlib heapq hmac html.parser http.client http.server imaplib importlib.resources inspect io ipaddress itertools
json keyword linecache locale logging.handlers lzma mailbox marshal math mimetypes mmap multiprocessing numbers operator
optparse os pathlib pdb pickle pkgutil platform plistlib poplib pprint profile pstats pty pwd py_compile queue quopri random
re readline resource sched secrets select selectors shelve shlex shutil signal smtplib socket socketserver sqlite3 ssl stat
statistics string stringprep struct subprocess symtable sysconfig syslog tarfile tempfile termios textwrap threading time
timeit token tokenize trace traceback tracemalloc tty types typing unicodedata unittest.mock urllib.request uuid venv
warnings wave weakref webbrowser wsgiref.simple_server xml.dom.minidom xml.sax xmlrpc.client zipapp zipfile zipimport zlib
zoneinfo""".split()

failed = []
for name in NAMES:
    try:
        importlib.import_module(name)
    except Exception as error:
        failed.append(f"{name}: {error}")
print(len(NAMES) - len(failed), "imported;", failed)
