#include "cassets.h"
int cassets_version(void) { return 1; }
