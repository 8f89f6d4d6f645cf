#ifndef CASSETS_H
#define CASSETS_H
int cassets_version(void);
#endif
