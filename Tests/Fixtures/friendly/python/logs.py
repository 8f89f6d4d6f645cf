import faulthandler
import logging
import sys
import warnings

faulthandler.enable()
print(faulthandler.is_enabled())
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(levelname)s %(name)s:%(lineno)d %(message)s")
logging.info("ready %d", 1)
logging.debug("not shown")
handler = logging.FileHandler("app.log")
logging.getLogger("app").addHandler(handler)
logging.getLogger("app").propagate = False
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("app").exception("failed")
text = open("app.log").read()
print(text.splitlines()[0], "    1 / 0\n" in text, logging.getLogger("app").getEffectiveLevel())
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    warnings.warn("old", DeprecationWarning)
print(caught[0].category.__name__, caught[0].message)
