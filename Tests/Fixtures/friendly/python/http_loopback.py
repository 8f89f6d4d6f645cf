import json
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.reply(200 if self.path == "/ok" else 404, {"path": self.path})

    def do_POST(self):
        self.reply(201, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def reply(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
base = f"http://localhost:{server.server_port}"
print(urllib.request.urlopen(base + "/ok").read().decode())
with urllib.request.urlopen(urllib.request.Request(base, json.dumps([1, 2]).encode(), method="POST")) as answer:
    print(answer.status, answer.read().decode())
try:
    urllib.request.urlopen(base + "/missing")
except urllib.error.HTTPError as error:
    print(error.code)
server.shutdown()
