#ifndef CJAIL_H
#define CJAIL_H
int cjail_version(void);
#endif
