# The library that warm interpreters load; SwiftPM would link the Swift runtime to it.
CONFIG ?= release
CJAIL := $(wildcard Sources/CJail/*.c) $(wildcard Sources/CJail/*.h) $(wildcard Sources/CJail/include/*.h)

.build/$(CONFIG)/libcjail.so: $(CJAIL)
	mkdir -p $(@D)
	clang -std=c17 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -fPIC -fvisibility=default -shared \
	    -Wl,-z,relro,-z,now -ISources/CJail/include Sources/CJail/*.c -lgcc_s -o $@
