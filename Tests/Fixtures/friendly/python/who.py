import getpass
import grp
import os
import pwd

print(getpass.getuser(), os.getuid(), os.geteuid(), os.getgid())
entry = pwd.getpwuid(os.getuid())
print(entry.pw_name, entry.pw_dir, grp.getgrgid(os.getgid()).gr_name, pwd.getpwnam("root").pw_uid)
print(os.environ["HOME"], os.getcwd(), os.path.expanduser("~"))
print(os.environ["PATH"], os.environ["LANG"])
print(os.stat(".").st_uid, os.access(".", os.W_OK), os.access("/usr", os.W_OK), os.access("/etc/passwd", os.R_OK))
