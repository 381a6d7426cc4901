#include "tools/tool.h"
int verb_check(Tool *t) { (void) t; return 0; }
