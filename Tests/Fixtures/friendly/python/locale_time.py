import datetime
import locale
import os
import sys
import time
import zoneinfo

print(locale.setlocale(locale.LC_ALL, ""), locale.getpreferredencoding(), sys.getfilesystemencoding())
moment = datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.timezone.utc)
for name in ("Europe/Berlin", "America/New_York", "Asia/Kolkata"):
    print(moment.astimezone(zoneinfo.ZoneInfo(name)).isoformat())
print(time.strftime("%Y-%m-%d %H:%M %Z", time.localtime(0)), time.tzname)
os.environ["TZ"] = "Asia/Tokyo"
time.tzset()
print(time.strftime("%Y-%m-%d %H:%M %Z", time.localtime(0)))
print("Europe/Madrid" in zoneinfo.available_timezones())
print(datetime.datetime.strptime("3 March 2026", "%d %B %Y").strftime("%A"), f"{1234567.891:n}")
