"""Makes tiny libraries in a folder: well-made wheels, hostile ones, source distributions. Usage: make.py FOLDER."""
import base64
import hashlib
import io
import os
import sys
import tarfile
import zipfile

FOLDER = sys.argv[1]


def wheel(name, version, files, requires=(), scripts="", raw=()):
    """A wheel of text files; `raw` are members that no well-made wheel has."""
    info = f"{name}-{version}.dist-info"
    members = {path: text.encode() for path, text in files.items()}
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    members[f"{info}/METADATA"] = (metadata + "".join(f"Requires-Dist: {r}\n" for r in requires)).encode()
    members[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    if scripts:
        members[f"{info}/entry_points.txt"] = f"[console_scripts]\n{scripts}\n".encode()
    record = ""
    for path, content in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(content)}\n"
    for member, _ in raw:
        record += f"{member.filename if isinstance(member, zipfile.ZipInfo) else member},,\n"
    members[f"{info}/RECORD"] = (record + f"{info}/RECORD,,\n").encode()
    with zipfile.ZipFile(f"{FOLDER}/{name}-{version}-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in members.items():
            archive.writestr(path, content)
        for member, content in raw:
            archive.writestr(member, content)


def link(path, target):
    member = zipfile.ZipInfo(path)
    member.create_system, member.external_attr = 3, 0o120777 << 16
    return member, target


def sdist(name, version, files):
    with tarfile.open(f"{FOLDER}/{name}-{version}.tar.gz", "w:gz") as archive:
        for path, text in {**files, "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"}.items():
            member = tarfile.TarInfo(f"{name}-{version}/{path}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))


os.makedirs(FOLDER, exist_ok=True)
wheel("tinylib", "1.0", {"tinylib/__init__.py": "VALUE = 1\n"})
wheel("tinylib", "2.0", {"tinylib/__init__.py": "VALUE = 2\n", "tinylib/tests/test_x.py": "assert True\n"})
wheel("toplib", "1.0", {"toplib.py": "import tinylib\nVALUE = 10 + tinylib.VALUE\n\ndef main():\n    print('top', VALUE)\n"},
      requires=["tinylib>=2"], scripts="toplib = toplib:main")
for number in range(200):
    wheel(f"many{number:03}", "1.0", {f"many{number:03}.py": f"VALUE = {number}\n"})

# Hostile ones: each is refused, or does no more than a program could do by itself.
wheel("climber", "1.0", {"climber.py": "VALUE = 1\n"}, raw=[("../../../climbed.txt", "out")])
wheel("rooted", "1.0", {"rooted.py": "VALUE = 1\n"}, raw=[("/tmp/rooted.txt", "out")])
wheel("linked", "1.0", {"linked.py": "VALUE = 1\n"}, raw=[link("linkedpasswd", "/etc/passwd"), link("linkedup", "../../..")])
wheel("hooked", "1.0", {"hooked.py": "VALUE = 1\n", "hooked.pth": "import os; os.environ['HOOKED'] = 'yes'\n",
                        "sitecustomize.py": "raise SystemExit('taken over')\n"})
wheel("doubled", "1.0", {"doubled.py": "VALUE = 1\n"}, raw=[("doubled.py", "VALUE = 2\n")])
wheel("shadow", "1.0", {"json.py": "raise SystemExit('shadowed')\n", "shadow.py": "VALUE = 1\n"})
wheel("programs", "1.0", {"programs.py": "VALUE = 1\n", "programs-1.0.data/scripts/ls": "#!python\nprint('not ls')\n",
                          "programs-1.0.data/data/../../../climbed2.txt": "out"})
bomb = zipfile.ZipInfo("bomb.bin")
bomb.compress_type = zipfile.ZIP_DEFLATED
wheel("bomb", "1.0", {"bomb.py": "VALUE = 1\n"}, raw=[(bomb, b"\0" * (300 << 20))])
wheel("swarm", "1.0", {f"swarm/{number}.txt": "" for number in range(60_000)})

# Of source: a well-made one with a backend of its own, and those that try what a build must not.
BACKEND = """
import os, sys, zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    {before}
    name = "{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as archive:
        archive.writestr("{name}.py", "VALUE = " + repr({value}) + "\\n")
        archive.writestr("{name}-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: {name}\\nVersion: 1.0\\n")
        archive.writestr("{name}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        archive.writestr("{name}-1.0.dist-info/RECORD", "")
    return name
"""
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "{name}"\nversion = "1.0"\n'
NETWORK = """
    import socket
    reached = []
    for address in [("1.1.1.1", 443), ("8.8.8.8", 53), ("127.0.0.1", 22)]:
        try:
            socket.create_connection(address, timeout=2).close()
            reached.append(address)
        except OSError:
            pass
"""
for name, before, value in [
    ("fromsource", "pass", "'built'"),
    ("phoner", NETWORK.strip(), "reached"),
    ("vandal", "import shutil; shutil.rmtree('/diatom/environments', ignore_errors=True); "
               "open('/diatom/environments/x', 'w')", "1"),
    ("forker", "[os.fork() for _ in range(40)]; import time; time.sleep(600)", "1"),
]:
    sdist(name, "1.0", {"pyproject.toml": PROJECT.format(name=name), "backend.py": BACKEND.format(name=name, before=before, value=value)})
sdist("pathbuilt", "1.0", {"pyproject.toml": '[build-system]\nrequires = ["evil @ file:///etc/passwd"]\n'})
