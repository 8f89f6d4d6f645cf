#!/usr/bin/env python3
"""Kills the service with SIGKILL under load, again and again; exit 1 when an answered run is missing.

After each kill the service is started again in the same data folder: its store must open, the audit log must verify,
every run that was answered must be in the history with its output, and every id that was given must be known. At the end no control group and no process
of ours may be left.

  scripts/crash.py [--kills 50]
"""

import argparse
import http.client
import json
import os
import random
import signal
import threading
import time

import service_tree as st


def get(path, resource):
    connection = st.UnixHTTP(path, 20)
    try:
        connection.request("GET", resource)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


class Load:
    """Clients that run programs for as long as the service answers."""

    def __init__(self, socket, clients):
        self.socket = socket
        self.answered = {}
        self.queued = []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.work, args=(n,)) for n in range(clients)]
        for thread in self.threads:
            thread.start()

    def work(self, number):
        count = 0
        while True:
            count += 1
            word = f"{number}-{count}-{random.random()}"
            body = json.dumps({"language": "python", "code": f"print('{word}')"}).encode()
            try:
                status, answer = st.post(self.socket, body)
            except (OSError, http.client.HTTPException):
                return
            if status == 200:
                with self.lock:
                    self.answered[json.loads(answer)["id"]] = word
            try:
                status, answer = st.post(self.socket, body, resource="/v1/runs?wait=false")
            except (OSError, http.client.HTTPException):
                return
            if status == 202:
                with self.lock:
                    self.queued.append(json.loads(answer)["id"])

    def join(self):
        for thread in self.threads:
            thread.join()


def check(service, answered, queued):
    """What is wrong after a kill, as lines."""
    wrong = []
    status, verdict = get(service.socket, "/v1/audit/verify")
    if status != 200 or not verdict["intact"]:
        wrong.append(f"the audit log does not verify: {verdict}")
    for run, word in answered.items():
        status, result = get(service.socket, f"/v1/runs/{run}")
        if status != 200 or result.get("stdout", "").strip() != word:
            wrong.append(f"run {run} was answered and is not kept: {status}")
    for run in queued:
        status, _ = get(service.socket, f"/v1/runs/{run}")
        if status != 200:
            wrong.append(f"run {run} was queued and is not known: {status}")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    options = parser.parse_args()
    groups = st.group_folders()
    service = st.Service()
    total, queued, wrong = 0, 0, []
    for kill in range(options.kills):
        service.start()
        service.wait_ready()
        load = Load(service.socket, 4)
        time.sleep(random.uniform(0.05, 1.0))
        for victim in service.tree().services or [service.process]:
            os.kill(victim.pid, signal.SIGKILL)
        load.join()
        service.process.wait(30)
        service.start()
        service.wait_ready()
        wrong += check(service, load.answered, load.queued)
        total += len(load.answered)
        queued += len(load.queued)
        service.stop()
        if wrong:
            break
    time.sleep(1)
    left = st.group_folders() - groups
    wrong += [f"control group left: {name}" for name in sorted(left)]
    service.remove()
    for line in wrong[:20]:
        print(line)
    print(f"{kill + 1} kills, {total} answered runs, {queued} queued, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
