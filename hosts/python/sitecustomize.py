"""Where the interpreter imports `sitecustomize`, after everything of a bare start is done and before the program's
file is opened, the host stays and forks. Only a child comes back from here, and goes on as if it had just been started.
"""
__import__("warm").serve()
