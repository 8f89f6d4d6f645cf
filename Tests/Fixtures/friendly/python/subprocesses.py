import os
import subprocess
import sys

print(subprocess.check_output(["echo", "plain"], text=True).strip())
print(subprocess.run([sys.executable, "-c", "print(input()[::-1])"], input="drawer", text=True, capture_output=True).stdout.strip())
print(subprocess.run("echo out; echo err >&2; exit 3", shell=True, capture_output=True, text=True))
first = subprocess.Popen(["printf", "b\\na\\nc\\n"], stdout=subprocess.PIPE)
second = subprocess.Popen(["sort"], stdin=first.stdout, stdout=subprocess.PIPE, text=True)
first.stdout.close()
print(second.communicate()[0].split(), first.wait(), second.returncode)
print(subprocess.run(["sh", "-c", "echo $GREETING"], env={**os.environ, "GREETING": "hi"}, capture_output=True, text=True).stdout.strip())
try:
    subprocess.run(["sleep", "30"], timeout=0.05)
except subprocess.TimeoutExpired:
    print("timed out")
try:
    subprocess.run(["no-such-command"])
except FileNotFoundError as error:
    print(error)
sys.stdout.flush()
print(os.waitstatus_to_exitcode(os.system("echo from os.system")), os.popen("echo popen").read().strip())
