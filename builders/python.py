"""What makes an environment, inside build sandboxes; the engine gives `order.json` and reads the answer as hostile.

`resolve` has the package index for a network and executes nothing of what it downloads. `build` makes a wheel of a
source distribution, and `install` lays wheels out; neither has a network. See docs/design/0012-environments.md.

The answer on standard output is a row of JSON lines, one kind of message each; a `file` has its bytes behind its line.
"""
import json
import os
import re
import subprocess
import sys
import sysconfig

WORK = "/home/user/work"


class Failed(Exception):
    """Ends the step; `kind` says what a client could do about it."""

    def __init__(self, kind, text):
        super().__init__(text)
        self.kind = kind


class Answer:
    """Standard output; what is small goes together, so that neither side wakes for each file."""

    AT_ONCE = 1 << 16

    def __init__(self):
        self.waiting = bytearray()

    def say(self, kind, **members):
        self.note(kind, **members)
        self.flush()

    def note(self, kind, **members):
        self.waiting += json.dumps({"kind": kind, **members}).encode() + b"\n"

    def send(self, path, name, executable=False):
        """A file; what is not yet on its way may wait for ``flush``."""
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            self.note("file", path=name, size=size, executable=executable)
            if size <= self.AT_ONCE:
                content = file.read(size)
                self.waiting += content
                if len(content) < size:
                    raise Failed("other", f"{name} became smaller while it was read")
                if len(self.waiting) >= self.AT_ONCE:
                    self.flush()
                return
            self.flush()
            sent = 0
            while sent < size:
                sent += os.sendfile(1, file.fileno(), sent, size - sent)

    def flush(self):
        rest = memoryview(self.waiting)
        while rest:
            rest = rest[os.write(1, rest):]
        self.waiting = bytearray()


answer = Answer()
say = answer.say


def send(path, name):
    answer.send(path, name)
    answer.flush()


def uv(order, *arguments, given=None):
    """The output of uv; what it says of a failure becomes ours."""
    environment = {
        "HOME": WORK, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TMPDIR": WORK, "NO_COLOR": "1",
        "UV_HTTP_RETRIES": "1", "UV_HTTP_TIMEOUT": "20", "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1",
    }
    if order.get("certificates"):
        environment["SSL_CERT_FILE"] = order["certificates"]
    command = [order["uv"], *arguments, "--no-config", "--cache-dir", WORK + "/cache", "--python", order["python"]]
    done = subprocess.run(command, input=given, env=environment, capture_output=True, text=True, cwd=WORK)
    if done.returncode == -9:
        raise Failed("full", "uv was killed: the sandbox has too little memory for it")
    if done.returncode != 0:
        raise Failed(_kind(done.stderr), done.stderr)
    return done.stdout


def _kind(text):
    if "client error (Connect)" in text or "error sending request" in text or "Request failed after" in text:
        return "network"
    return "resolve" if "No solution found" in text else "other"


def sources(order):
    """Where uv looks for libraries."""
    words = []
    if order["index"]:
        words += ["--index-url", order["index"]]
        for index in order["extra"]:
            words += ["--extra-index-url", index]
    else:
        words += ["--no-index", "--offline"]
    for folder in order["links"] + order["built"]:
        words += ["--find-links", folder]
    return words


def compile_lock(order, requirements):
    import tomllib

    if not requirements:
        return []
    text = uv(order, "pip", "compile", "-", "--only-binary", ":all:", "--format", "pylock.toml", "--no-header",
              *sources(order), given="\n".join(requirements) + "\n")
    return [locked(package) for package in tomllib.loads(text).get("packages", [])]


def locked(package):
    """The wheel that is taken: all that uv lists fit this machine, those made for it come first."""
    wheel = sorted(package["wheels"], key=lambda wheel: (wheel["url"].endswith("-any.whl"), wheel["url"]))[0]
    sha256 = wheel.get("hashes", {}).get("sha256", "")
    return {"name": package["name"], "version": package["version"], "url": wheel["url"], "sha256": sha256}


def name_of(url):
    from urllib.parse import unquote, urlsplit

    return unquote(urlsplit(url).path.rsplit("/", 1)[-1])


class Fetcher:
    """Downloads files whose digest is known, each at most once; those of a folder are read where they are."""

    def __init__(self, order):
        self.order = order
        self.left = order["most_bytes"]

    def open(self, url, accept="*/*"):
        import base64
        import ssl
        from urllib.parse import unquote, urlsplit, urlunsplit
        from urllib.request import Request, urlopen

        parts = urlsplit(url)
        for index in [self.order["index"] or "", *self.order["extra"]]:
            known = urlsplit(index)
            if known.hostname == parts.hostname and known.username:
                parts = parts._replace(netloc=known.netloc)
        request = Request(urlunsplit(parts._replace(netloc=parts.netloc.rsplit("@", 1)[-1])), headers={"Accept": accept})
        if parts.username:
            secret = unquote(parts.username) + ":" + unquote(parts.password or "")
            request.add_header("Authorization", "Basic " + base64.b64encode(secret.encode()).decode())
        context = ssl.create_default_context(cafile=self.order.get("certificates") or None)
        return urlopen(request, timeout=20, context=context)

    def fetch(self, url, sha256):
        """The path and digest of a file."""
        import hashlib

        digest, path = hashlib.sha256(), f"{WORK}/{sha256 or 'unknown'}-{abs(hash(url))}"
        try:
            with self.open(url) as source, open(path, "wb") as target:
                while chunk := source.read(1 << 20):
                    self.left -= len(chunk)
                    if self.left < 0:
                        raise Failed("bounds", f"the files are larger than {self.order['most_bytes'] >> 20} MB together")
                    digest.update(chunk)
                    target.write(chunk)
        except OSError as error:
            if error.errno == 28:
                raise Failed("bounds", "a file is larger than the sandbox that downloads it") from None
            raise Failed("network", f"{name_of(url)}: {error}") from None
        if sha256 and digest.hexdigest() != sha256:
            raise Failed("other", f"{name_of(url)} is not what the index says it is (SHA-256)")
        return path, digest.hexdigest()


def deliver(order, packages):
    """Sends the wheels that the engine has not, and gives each its digest."""
    import concurrent.futures

    known = set(order["known"])
    wanted = [package for package in packages if package["sha256"] not in known or not package["sha256"]]
    fetcher = Fetcher(order)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        jobs = {pool.submit(fetcher.fetch, package["url"], package["sha256"]): package for package in wanted}
        for number, job in enumerate(concurrent.futures.as_completed(jobs), 1):
            package = jobs[job]
            path, package["sha256"] = job.result()
            say("progress", text=f"fetched {package['name']} {package['version']} ({number} of {len(wanted)})")
            send(path, f"{package['sha256']}/{name_of(package['url'])}")
            os.unlink(path)
    for package in packages:
        package["file"] = name_of(package.pop("url"))
    return packages


def resolve(order):
    count = len(order["requirements"])
    say("progress", text=f"resolving {count} {'library' if count == 1 else 'libraries'}")
    try:
        packages = compile_lock(order, order["requirements"])
    except Failed as failed:
        without = re.search(r"Wheels are required for `([^`]+)`", str(failed))
        if not (order["builds"] and without):
            raise
        return need_build(order, without.group(1))
    version = ".".join(map(str, sys.version_info[:3]))
    say("lock", python=f"{sys.implementation.name} {version}", platform=sysconfig.get_platform(),
        packages=deliver(order, packages))


def need_build(order, name):
    """Sends the source distribution of a library without wheels, and the wheels that building it takes."""
    version, url, sha256 = newest_source(order, name)
    say("progress", text=f"fetching the source of {name} {version}")
    path, sha256 = Fetcher(order).fetch(url, sha256)
    requires = build_requirements(path, name_of(url))
    send(path, f"{sha256}/{name_of(url)}")
    say("needs_build", name=name, version=version, file=name_of(url), sha256=sha256,
        packages=deliver(order, compile_lock(order, requires)))


def newest_source(order, name):
    """The version that is pinned, or the newest final one, of those that have a source distribution."""
    pins = {_normal(text.split("==")[0].split("[")[0]): text.split("==")[1].split(";")[0].strip()
            for text in order["requirements"] if "==" in text.split(";")[0]}
    found = {}
    for url, sha256 in source_links(order, name):
        match = re.fullmatch(r"(.+)-([0-9][^-]*?)\.(?:tar\.gz|zip)", name_of(url))
        if match and _normal(match.group(1)) == _normal(name):
            found[match.group(2)] = (match.group(2), url, sha256)
    pin = pins.get(_normal(name))
    versions = [pin] if pin else [version for version in found if re.fullmatch(r"\d+(\.\d+)*", version)]
    versions = [version for version in versions if version in found]
    if not versions:
        raise Failed("resolve", f"{name} has neither a wheel nor a source distribution that fits")
    return found[max(versions, key=lambda version: [int(part) for part in re.findall(r"\d+", version)])]


def _normal(name):
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def source_links(order, name):
    from html.parser import HTMLParser
    from urllib.parse import urldefrag, urljoin

    for folder in order["links"]:
        if os.path.isdir(folder):
            yield from (("file://" + os.path.join(folder, file), "") for file in os.listdir(folder))
    for index in [*order["extra"], order["index"]]:
        if not index:
            continue
        page = f"{index.rstrip('/')}/{_normal(name)}/"
        try:
            with Fetcher(order).open(page, "application/vnd.pypi.simple.v1+json, text/html;q=0.5") as answer:
                kind, text = answer.headers.get_content_type(), answer.read(32 << 20)
        except OSError:
            continue
        if kind.endswith("json"):
            for file in json.loads(text)["files"]:
                yield urljoin(page, file["url"]), file.get("hashes", {}).get("sha256", "")
            continue
        links = []
        parser = HTMLParser()
        parser.handle_starttag = lambda tag, pairs: links.append(dict(pairs).get("href") or "") if tag == "a" else None
        parser.feed(text.decode("utf-8", "replace"))
        for link in links:
            url, fragment = urldefrag(urljoin(page, link))
            yield url, fragment[7:] if fragment.startswith("sha256=") else ""


def build_requirements(path, name):
    """What `pyproject.toml` says that building takes; read, and nothing of it executed."""
    import tarfile
    import tomllib
    import zipfile

    text = None
    try:
        if name.endswith(".zip"):
            with zipfile.ZipFile(path) as archive:
                inner = [entry for entry in archive.namelist() if entry.count("/") == 1 and entry.endswith("/pyproject.toml")]
                text = archive.open(inner[0]).read(1 << 20) if inner else None
        else:
            with tarfile.open(path) as archive:
                for entry in archive:
                    if entry.isfile() and entry.name.count("/") == 1 and entry.name.endswith("/pyproject.toml"):
                        text = archive.extractfile(entry).read(1 << 20)
        requires = tomllib.loads(text.decode()).get("build-system", {}).get("requires") if text else None
    except Exception as error:
        raise Failed("build", f"{name} can't be read: {error}") from None
    if requires is not None and not all(isinstance(entry, str) and "\n" not in entry and "@" not in entry
                                        and not entry.lstrip().startswith(("-", ".", "/")) for entry in requires):
        raise Failed("build", f"{name} is built with more than names of libraries")
    return ["setuptools", "wheel"] if requires is None else requires


def build(order):
    """A wheel of a source distribution: strangers' code, without a network."""
    say("progress", text=f"building {order['name']}")
    out = WORK + "/out"
    words = [word for wheel in order["wheels"] for word in ("--find-links", os.path.dirname(wheel))]
    try:
        uv(order, "build", "--wheel", "--out-dir", out, "--offline", "--no-index", *words, order["source"])
    except Failed as failed:
        raise Failed("build", str(failed)) from None
    wheels = sorted(file for file in os.listdir(out) if file.endswith(".whl"))
    if len(wheels) != 1:
        raise Failed("build", f"{order['name']} was built to {len(wheels)} wheels, where one was expected")
    send(f"{out}/{wheels[0]}", wheels[0])


def install(order):
    count = len(order["wheels"])
    say("progress", text=f"installing {count} {'wheel' if count == 1 else 'wheels'}")
    packages = WORK + "/site-packages"
    os.makedirs(packages)
    uv(order, "pip", "install", "--target", packages, "--offline", "--no-index", "--no-deps", "--link-mode", "hardlink",
       "--only-binary", ":all:", "-r", "-", given="\n".join(order["wheels"]) + "\n")
    paths = programs(packages)
    compiled = start_compilers(paths, packages, order["place"] + "/site-packages")
    sent = send_sources(packages)
    say("progress", text=f"{sent} files are laid out; compiling")
    send_compiled(paths, packages, compiled)


def start_compilers(paths, packages, place):
    """Forks that make the byte code while this process sends what they read: a quarter less work than `compileall`.

    The end of a pipe that tells the numbers of the paths that are done."""
    import threading

    takes, gives = os.pipe()
    done, tells = os.pipe()
    for _ in range(os.cpu_count() or 1):
        fork_compiler(takes, gives, tells, paths, packages, place)
    os.close(takes)
    os.close(tells)

    def hand_out():
        try:
            for number in range(len(paths)):
                os.write(gives, number.to_bytes(4, "little"))
        except BrokenPipeError:
            pass  # the compilers are gone: without byte code libraries work as well
        os.close(gives)

    threading.Thread(target=hand_out, daemon=True).start()
    return done


def send_compiled(paths, packages, done):
    """Byte code, each file when it is there; ends with the last compiler."""
    import importlib.util

    with open(done, "rb") as numbers:
        while number := numbers.read(4):
            path = importlib.util.cache_from_source(paths[int.from_bytes(number, "little")])
            answer.send(path, "site-packages/" + os.path.relpath(path, packages))
    answer.flush()


def programs(packages):
    """The largest first, so that all ends at once; not the tests that many libraries bring along: they are half of all
    files, and hardly ever imported."""
    found = []
    for folder, folders, files in os.walk(packages):
        folders[:] = [name for name in folders if name not in ("test", "tests")]
        found += [os.path.join(folder, file) for file in files if file.endswith(".py")]
    return sorted(found, key=os.path.getsize, reverse=True)


def fork_compiler(takes, gives, tells, paths, packages, place):
    import gc
    import py_compile
    import warnings

    if os.fork():
        return
    try:
        os.close(gives)
        gc.disable()  # trees are no cycles
        warnings.simplefilter("ignore")  # a library's own affair
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        while number := os.read(takes, 4):
            path = paths[int.from_bytes(number, "little")]
            try:
                py_compile.compile(path, dfile=place + path[len(packages):], doraise=True, invalidation_mode=mode)
            except Exception:
                continue  # of another version's syntax
            os.write(tells, number)
    finally:
        os._exit(0)


def send_sources(root):
    """Regular files only, and no byte code but ours; programs go to `bin`, as in a virtual environment."""
    sent = 0
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for file in sorted(files):
            path = os.path.join(folder, file)
            if os.path.islink(path) or file in ("direct_url.json", "uv_cache.json", ".lock"):
                continue
            below = os.path.relpath(path, root)
            place = below if below.startswith("bin/") else "site-packages/" + below
            answer.send(path, place, os.access(path, os.X_OK))
            sent += 1
    return sent


def main():
    with open("/home/user/order.json", encoding="utf-8") as file:
        order = json.load(file)
    os.makedirs(WORK)
    try:
        {"resolve": resolve, "build": build, "install": install}[order["verb"]](order)
        say("done")
    except Failed as failed:
        say("failed", reason=failed.kind, text=str(failed)[-6000:])


main()
