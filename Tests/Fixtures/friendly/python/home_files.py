import glob
import os
import shutil
import stat
from pathlib import Path

home = Path.home()
print(home == Path.cwd(), home == Path(os.environ["HOME"]), home == Path("~").expanduser())
folder = home / "notes" / "2026"
folder.mkdir(parents=True)
(folder / "a.txt").write_text("alpha")
(folder / "b.md").write_text("beta")
os.symlink("a.txt", folder / "link.txt")
os.link(folder / "b.md", folder / "hard.md")
print(sorted(os.path.basename(path) for path in glob.glob("notes/**/*.txt", recursive=True)))
print((folder / "link.txt").resolve().name, (folder / "hard.md").stat().st_nlink)
script = folder / "run.sh"
script.write_text("#!/bin/sh\necho executable\n")
script.chmod(0o755)
print(stat.filemode(script.stat().st_mode), flush=True)
os.system(str(script))
shutil.copytree("notes", "copy", symlinks=True)
print(sorted(path.name for path in Path("copy").rglob("*")))
archive = shutil.make_archive("packed", "gztar", "notes")
shutil.unpack_archive(archive, "unpacked")
print(Path("unpacked/2026/a.txt").read_text(), shutil.which("sh"), shutil.disk_usage(".").free > 1 << 20)
shutil.move("copy", "moved")
shutil.rmtree("moved")
os.utime(folder / "a.txt", (1, 1))
print(os.path.exists("moved"), os.stat(folder / "a.txt").st_mtime)
